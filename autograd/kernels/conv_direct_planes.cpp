#include "autograd/kernels/conv_direct_planes.h"

#include "autograd/kernels/parallel.h"

namespace taper::kernels {

/// Outputs of one row band, in elements: what stays in the first-level cache.
static constexpr int64_t band_elements = 1024;
/// How far apart the first and the last tap of a window lie, in outputs.
static Int2 reach(const ConvGeometry& g) {
  return {(g.kernel.h - 1) * g.dilation.h / g.stride.h,
          (g.kernel.w - 1) * g.dilation.w / g.stride.w};
}

/// A group's input channels, padded: phase (a, b) at (i, j) is element (i s + a, j s + b).
static Planes input_planes(const ConvGeometry& g) {
  Int2 r = reach(g);
  Int2 phases{std::min(g.stride.h, (g.kernel.h - 1) * g.dilation.h + 1),
              std::min(g.stride.w, (g.kernel.w - 1) * g.dilation.w + 1)};
  return {g.group_in(), g.y_size.h + r.h, g.y_size.w + r.w, phases};
}

/// A group's output gradients, with a border as wide as a window reaches.
static Planes gradient_planes(const ConvGeometry& g) {
  Int2 r = reach(g);
  return {g.group_out(), (g.x_size.h + g.padding.h - 1) / g.stride.h + 1 + r.h,
          (g.x_size.w + g.padding.w - 1) / g.stride.w + 1 + r.w};
}

/// Threads that share the images, from twice the usual work on, as what stands beside so small a
/// convolution is not split and a thread fetches its images; where their sums are added up in the
/// end, perhaps a fixed number of parts.
static int threads_for(const ConvGeometry& g, ConvPass pass) {
  double products = double(g.batch * g.out) * double(g.pixels() * g.column_rows());
  double worth = products * cost::few_products / (2 * cost::start);
  double most = std::min(worth, double(g.batch * g.groups));
  bool fixed = pass == ConvPass::weight && deterministic();
  return int(std::clamp(most, 1.0, double(fixed ? most_fixed_parts : get_num_threads())));
}

namespace {

/// Cuts scratch into arrays, each from a cache line on; without memory it only counts.
class Cutter {
 public:
  explicit Cutter(void* scratch) : first_(next_line(scratch)) {}
  template <class T>
  T* take(int64_t elements) {
    T* out = first_ ? reinterpret_cast<T*>(first_ + bytes_) : nullptr;
    bytes_ += (elements * int64_t(sizeof(T)) + 63) / 64 * 64;
    return out;
  }
  /// With what memory that starts anywhere needs to reach a cache line.
  int64_t bytes() const { return bytes_ + 64; }

 private:
  std::byte* first_;
  int64_t bytes_ = 0;
};

}  // namespace

Phase::Phase(const ConvGeometry& g, const Planes& planes, Int2 place)
    : first(place),
      rows(place.h - g.padding.h, g.stride.h, g.x_size.h, planes.rows),
      across(place.w - g.padding.w, g.stride.w, g.x_size.w, planes.pitch) {}

Workspace::Workspace(const ConvGeometry& g, ConvPass pass, void* scratch) {
  bool weight = pass == ConvPass::weight, input = pass == ConvPass::input;
  planes = input ? gradient_planes(g) : input_planes(g);
  threads = threads_for(g, pass);
  sums_elements = weight ? g.out * g.column_rows() * direct_lanes : 0;
  band_rows = std::max<int64_t>(band_elements / planes.pitch, 1);
  band_pitch = (band_rows * planes.pitch + 2 * direct_slack - 1) / direct_slack * direct_slack;
  Cutter cutter(scratch);
  offsets = cutter.take<int32_t>(planes.channels * g.kernel.h * g.kernel.w);
  window = cutter.take<int32_t>(input ? g.kernel.h * g.kernel.w : 0);
  phases = cutter.take<Phase>(input ? g.stride.h * g.stride.w : 0);
  weights = cutter.take<float>(weight ? 0 : g.out * g.column_rows());
  images = cutter.take<float>(threads * planes.elements());
  bands = cutter.take<float>(threads * direct_outputs * band_pitch);
  sums = cutter.take<float>(threads * sums_elements);
  bytes = cutter.bytes();
}

void copy_steps(float* to, ChannelRows t, int64_t to_step, const float* from, ChannelRows f,
                int64_t from_step, int64_t channels, int64_t rows, int64_t n) {
  if (to_step == 1 && from_step == 1) return copy_rows(to, t, from, f, channels, rows, n);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = 0; i < n; ++i)
        to[c * t.channel + r * t.row + i * to_step] =
            from[c * f.channel + r * f.row + i * from_step];
}

void copy_input(const ConvGeometry& g, const Planes& to, const float* x, float* out) {
  int64_t area = g.x_size.h * g.x_size.w;
  for (int64_t a = 0; a < to.phases.h; ++a)
    for (int64_t b = 0; b < to.phases.w; ++b, out += to.plane()) {
      int64_t h = a - g.padding.h, w = b - g.padding.w;
      Steps rows(h, g.stride.h, g.x_size.h, to.rows), across(w, g.stride.w, g.x_size.w, to.pitch);
      copy_steps(out + rows.begin * to.pitch + across.begin, {to.channel(), to.pitch}, 1,
                 x + (rows.begin * g.stride.h + h) * g.x_size.w + across.begin * g.stride.w + w,
                 {area, g.stride.h * g.x_size.w}, g.stride.w, to.channels, rows.end - rows.begin,
                 across.end - across.begin);
    }
}

void copy_gradient(const ConvGeometry& g, const Planes& to, const float* dy, float* out) {
  Int2 r = reach(g);
  copy_rows(out + r.h * to.pitch + r.w, {to.plane(), to.pitch}, dy, {g.pixels(), g.y_size.w},
            to.channels, std::min(g.y_size.h, to.rows - r.h), std::min(g.y_size.w, to.pitch - r.w));
}

void input_offsets(const ConvGeometry& g, const Planes& planes, int32_t* offsets) {
  for (int64_t c = 0; c < planes.channels; ++c)
    for (int64_t kh = 0; kh < g.kernel.h; ++kh)
      for (int64_t kw = 0; kw < g.kernel.w; ++kw) {
        int64_t h = kh * g.dilation.h, w = kw * g.dilation.w;
        int64_t phase = h % g.stride.h * planes.phases.w + w % g.stride.w;
        *offsets++ = int32_t(c * planes.channel() + phase * planes.plane() +
                             h / g.stride.h * planes.pitch + w / g.stride.w);
      }
}

void pack_weights(const ConvGeometry& g, const float* w, float* to) {
  int64_t rows = g.column_rows();
  for (int64_t group = 0; group < g.groups; ++group, w += g.group_out() * rows)
    for (int64_t o = 0; o < g.group_out(); o += direct_outputs)
      for (int64_t r = 0; r < rows; ++r)
        for (int k = 0; k < outputs_from(o, g.group_out()); ++k) *to++ = w[(o + k) * rows + r];
}

/// Finds the taps of one output channel that reach a phase: their numbers in the window, and where
/// they read in gradient_planes; returns how many there are.
static int64_t find_taps(const ConvGeometry& g, const Planes& planes, const Phase& phase,
                         int32_t* window) {
  Int2 r = reach(g);
  int64_t taps = 0;
  for (int64_t k = 0; k < g.kernel.h * g.kernel.w; ++k) {
    int64_t h = k / g.kernel.w * g.dilation.h - phase.first.h;
    int64_t v = k % g.kernel.w * g.dilation.w - phase.first.w;
    if (h % g.stride.h != 0 || v % g.stride.w != 0) continue;
    phase.offsets[taps] = int32_t((r.h - h / g.stride.h) * planes.pitch + r.w - v / g.stride.w);
    window[taps++] = int32_t(k);
  }
  return taps;
}

static void pack_phase(const ConvGeometry& g, const Workspace& s, const float* w, Phase& phase) {
  int64_t taps = find_taps(g, s.planes, phase, s.window), area = g.kernel.h * g.kernel.w;
  phase.taps = taps * g.group_out();
  for (int64_t i = taps; i < phase.taps; ++i)
    phase.offsets[i] = phase.offsets[i - taps] + int32_t(s.planes.plane());
  float* to = phase.weights;
  for (int64_t group = 0; group < g.groups; ++group, w += g.group_out() * g.column_rows())
    for (int64_t c = 0; c < g.group_in(); c += direct_outputs)
      for (int64_t o = 0; o < g.group_out(); ++o)
        for (int64_t t = 0; t < taps; ++t)
          for (int j = 0; j < outputs_from(c, g.group_in()); ++j)
            *to++ = w[(o * g.group_in() + c + j) * area + s.window[t]];
}

void pack_phases(const ConvGeometry& g, const Workspace& s, const float* w) {
  int32_t* offsets = s.offsets;
  float* weights = s.weights;
  for (int64_t k = 0; k < g.stride.h * g.stride.w; ++k) {
    Phase& phase = s.phases[k] = Phase(g, s.planes, {k / g.stride.w, k % g.stride.w});
    phase.offsets = offsets;
    phase.weights = weights;
    pack_phase(g, s, w, phase);
    offsets += phase.taps;
    weights += phase.taps * g.in;
  }
}

bool direct_fits(const ConvGeometry& g) {
  auto small = [](const Planes& p) {
    Int2 n = p.phases;
    return double(p.channels * n.h * n.w) * double(p.rows) * double(p.pitch) < 0x1p30;
  };
  constexpr int64_t most = 1 << 15;
  return g.stride.h * g.stride.w <= 64 && g.padding.h < most && g.padding.w < most &&
         g.kernel.h * g.dilation.h < most && g.kernel.w * g.dilation.w < most &&
         small(input_planes(g)) && small(gradient_planes(g));
}

}  // namespace taper::kernels
