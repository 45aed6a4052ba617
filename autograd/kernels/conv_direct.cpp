#include "autograd/kernels/conv_direct.h"

#include <cstring>

#include "autograd/kernels/conv_direct_simd.h"
#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

/// Outputs of one row band, in elements: what stays in the first-level cache.
constexpr int64_t band_elements = 1024;
/// Products that are worth a thread of their own.
constexpr int64_t thread_products = 250'000;

/// Images of one shape, a channel after the other; each channel's phases lie one after the other.
struct Planes {
  int64_t channels, rows, pitch;
  Int2 phases = 1;

  int64_t plane() const { return rows * pitch; }
  int64_t channel() const { return phases.h * phases.w * plane(); }
  int64_t elements() const { return channels * channel() + pitch + direct_slack; }
};

/// How far apart the first and the last tap of a window lie, in outputs.
Int2 reach(const ConvGeometry& g) {
  return {(g.kernel.h - 1) * g.dilation.h / g.stride.h,
          (g.kernel.w - 1) * g.dilation.w / g.stride.w};
}

/// A group's input channels, padded: phase (a, b) at (i, j) is element (i s + a, j s + b).
Planes input_planes(const ConvGeometry& g) {
  Int2 r = reach(g);
  Int2 phases{std::min(g.stride.h, (g.kernel.h - 1) * g.dilation.h + 1),
              std::min(g.stride.w, (g.kernel.w - 1) * g.dilation.w + 1)};
  return {g.group_in(), g.y_size.h + r.h, g.y_size.w + r.w, phases};
}

/// A group's output gradients, with a border as wide as a window reaches.
Planes gradient_planes(const ConvGeometry& g) {
  Int2 r = reach(g);
  return {g.group_out(), (g.x_size.h + g.padding.h - 1) / g.stride.h + 1 + r.h,
          (g.x_size.w + g.padding.w - 1) / g.stride.w + 1 + r.w};
}

int threads_for(const ConvGeometry& g) {
  double products = double(g.batch * g.out) * double(g.pixels() * g.column_rows());
  double most = std::min(products / double(thread_products), double(g.batch * g.groups));
  return int(std::clamp(most, 1.0, double(get_num_threads())));
}

/// Cuts scratch into arrays, each from a cache line on.
class Cutter {
 public:
  explicit Cutter(void* scratch) : at_((reinterpret_cast<uintptr_t>(scratch) + 63) / 64 * 64) {}
  template <class T>
  T* take(int64_t elements) {
    T* out = reinterpret_cast<T*>(at_);
    at_ += uintptr_t((elements * int64_t(sizeof(T)) + 63) / 64 * 64);
    return out;
  }
  uintptr_t position() const { return at_; }

 private:
  uintptr_t at_;
};

/// The numbers i in [begin, end) with 0 <= i * step + first < size.
struct Steps {
  int64_t begin, end;
  Steps(int64_t first, int64_t step, int64_t size, int64_t count) {
    begin = std::clamp<int64_t>(first < 0 ? (-first + step - 1) / step : 0, 0, count);
    end = std::clamp<int64_t>(size > first ? (size - first - 1) / step + 1 : 0, begin, count);
  }
};

/// A phase of the input gradient: the elements (i s + first - p), and the taps that reach them.
struct Phase {
  Phase(const ConvGeometry& g, const Planes& planes, Int2 place, int32_t* where, float* w)
      : first(place),
        rows(place.h - g.padding.h, g.stride.h, g.x_size.h, planes.rows),
        across(place.w - g.padding.w, g.stride.w, g.x_size.w, planes.pitch),
        offsets(where),
        weights(w) {}

  Int2 first;
  Steps rows, across;
  int64_t taps = 0;
  int32_t* offsets;
  float* weights;
};

/// Where the arrays of one pass lie in scratch.
struct Workspace {
  Workspace(const ConvGeometry& g, ConvPass pass, void* scratch) : cutter(scratch) {
    threads = threads_for(g);
    planes = pass == ConvPass::input ? gradient_planes(g) : input_planes(g);
    band_rows = std::max<int64_t>(band_elements / planes.pitch, 1);
    band_pitch = (band_rows * planes.pitch + 2 * direct_slack - 1) / direct_slack * direct_slack;
    bool weight = pass == ConvPass::weight;
    sums_elements = weight ? g.out * g.column_rows() * direct_lanes : 0;
    offsets = cutter.take<int32_t>(planes.channels * g.kernel.h * g.kernel.w);
    phases = cutter.take<Phase>(pass == ConvPass::input ? g.stride.h * g.stride.w : 0);
    weights = cutter.take<float>(weight ? 0 : g.out * g.column_rows());
    images = cutter.take<float>(threads * planes.elements());
    bands = cutter.take<float>(threads * direct_outputs * band_pitch);
    sums = cutter.take<float>(threads * sums_elements);
  }
  float* image(int64_t thread) const { return images + thread * planes.elements(); }
  float* band(int64_t thread) const { return bands + thread * direct_outputs * band_pitch; }

  Cutter cutter;
  int64_t threads, sums_elements, band_rows, band_pitch;
  Planes planes;
  int32_t* offsets;
  Phase* phases;
  float *weights, *images, *bands, *sums;
};

/// Calls f(image * groups + group, group, thread) for all, each thread's in order.
template <class F>
void for_each_image(const ConvGeometry& g, int64_t threads, const F& f) {
  int64_t n = g.batch * g.groups;
  parallel_for(threads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      int64_t i = n * t / threads, last = n * (t + 1) / threads, group = i % g.groups;
      for (; i < last; ++i, group = group + 1 < g.groups ? group + 1 : 0) f(i, group, t);
    }
  });
}

/// memcpy for rows that are mostly short.
void copy_row(float* to, const float* from, int64_t n) {
  if (n >= 64) {
    std::memcpy(to, from, size_t(n) * sizeof(float));
    return;
  }
  for (; n >= 8; n -= 8, to += 8, from += 8) std::memcpy(to, from, 8 * sizeof(float));
  if (n & 4) std::memcpy(to, from, 4 * sizeof(float)), to += 4, from += 4;
  for (n &= 3; n > 0; --n) *to++ = *from++;
}

/// Where the rows of some channels lie, in elements.
struct Rows {
  int64_t channel, row, step = 1;
};

/// Copies n elements of each row of each channel.
void copy_rows(float* to, Rows t, const float* from, Rows f, int64_t channels, int64_t rows,
               int64_t n) {
  for (; channels > 0; --channels, to += t.channel, from += f.channel)
    for (int64_t r = 0; r < rows; ++r)
      if (t.step == 1 && f.step == 1)
        copy_row(to + r * t.row, from + r * f.row, n);
      else
        for (int64_t i = 0; i < n; ++i) to[r * t.row + i * t.step] = from[r * f.row + i * f.step];
}

/// Copies a group's input channels into planes; what is padding there stays as it is.
void copy_input(const ConvGeometry& g, const Planes& to, const float* x, float* out) {
  int64_t area = g.x_size.h * g.x_size.w;
  for (int64_t a = 0; a < to.phases.h; ++a)
    for (int64_t b = 0; b < to.phases.w; ++b, out += to.plane()) {
      int64_t h = a - g.padding.h, w = b - g.padding.w;
      Steps rows(h, g.stride.h, g.x_size.h, to.rows), across(w, g.stride.w, g.x_size.w, to.pitch);
      copy_rows(out + rows.begin * to.pitch + across.begin, {to.channel(), to.pitch},
                x + (rows.begin * g.stride.h + h) * g.x_size.w + across.begin * g.stride.w + w,
                {area, g.stride.h * g.x_size.w, g.stride.w}, to.channels, rows.end - rows.begin,
                across.end - across.begin);
    }
}

/// Copies a group's output gradients to where their border ends.
void copy_gradient(const ConvGeometry& g, const Planes& to, const float* dy, float* out) {
  Int2 r = reach(g);
  copy_rows(out + r.h * to.pitch + r.w, {to.plane(), to.pitch}, dy, {g.pixels(), g.y_size.w},
            to.channels, std::min(g.y_size.h, to.rows - r.h), std::min(g.y_size.w, to.pitch - r.w));
}

/// For each row of the columns: where it lies in input_planes, from the output's own place.
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

/// The outputs [first, first + direct_outputs) or fewer of `all`.
int outputs_from(int64_t first, int64_t all) {
  return int(std::min<int64_t>(direct_outputs, all - first));
}

/// Weights as `correlate` reads them, [block of outputs, column row, output].
void pack_weights(const ConvGeometry& g, const float* w, float* to) {
  int64_t rows = g.column_rows();
  for (int64_t group = 0; group < g.groups; ++group, w += g.group_out() * rows)
    for (int64_t o = 0; o < g.group_out(); o += direct_outputs)
      for (int64_t r = 0; r < rows; ++r)
        for (int k = 0; k < outputs_from(o, g.group_out()); ++k) *to++ = w[(o + k) * rows + r];
}

/// One image and group of conv2d.
void forward_image(const ConvGeometry& g, const Workspace& s, const float* from, const float* w,
                   const float* b, float* y, float* band) {
  int64_t pitch = s.planes.pitch, rows = s.band_rows, stride = s.band_pitch;
  for (int64_t i = 0; i < g.y_size.h; i += rows) {
    int64_t height = std::min(rows, g.y_size.h - i);
    for (int64_t o = 0; o < g.group_out(); o += direct_outputs) {
      int outputs = outputs_from(o, g.group_out());
      Correlation c{s.offsets, g.column_rows(), w + o * g.column_rows(), outputs, b ? b + o : b};
      correlate(c, from + i * pitch, band, stride, (height - 1) * pitch + g.y_size.w);
      copy_rows(y + o * g.pixels() + i * g.y_size.w, {g.pixels(), g.y_size.w}, band,
                {stride, pitch}, outputs, height, g.y_size.w);
    }
  }
}

/// Where the taps of a phase read in gradient_planes, and their weights as `correlate` reads them,
/// [group, block of inputs, tap, input].
void pack_phase(const ConvGeometry& g, const Planes& planes, const float* w, Phase& phase) {
  Int2 r = reach(g);
  int32_t* offset = phase.offsets;
  int64_t area = g.kernel.h * g.kernel.w, group_in = g.group_in();
  auto each_tap = [&](const auto& f) {
    for (int64_t o = 0; o < g.group_out(); ++o)
      for (int64_t k = 0; k < area; ++k) {
        int64_t h = k / g.kernel.w * g.dilation.h - phase.first.h;
        int64_t v = k % g.kernel.w * g.dilation.w - phase.first.w;
        if (h % g.stride.h == 0 && v % g.stride.w == 0) f(o, k, h / g.stride.h, v / g.stride.w);
      }
  };
  each_tap([&](int64_t o, int64_t, int64_t h, int64_t v) {
    *offset++ = int32_t(o * planes.plane() + (r.h - h) * planes.pitch + r.w - v);
  });
  phase.taps = offset - phase.offsets;
  float* to = phase.weights;
  for (int64_t group = 0; group < g.groups; ++group, w += g.group_out() * g.column_rows())
    for (int64_t c = 0; c < group_in; c += direct_outputs)
      each_tap([&](int64_t o, int64_t k, int64_t, int64_t) {
        for (int j = 0; j < outputs_from(c, group_in); ++j)
          *to++ = w[(o * group_in + c + j) * area + k];
      });
}

void pack_phases(const ConvGeometry& g, const Workspace& s, const float* w) {
  int32_t* offsets = s.offsets;
  float* weights = s.weights;
  for (int64_t k = 0; k < g.stride.h * g.stride.w; ++k) {
    s.phases[k] = Phase(g, s.planes, {k / g.stride.w, k % g.stride.w}, offsets, weights);
    pack_phase(g, s.planes, w, s.phases[k]);
    offsets += s.phases[k].taps;
    weights += s.phases[k].taps * g.in;
  }
}

/// One phase of one image and group of conv2d_input.
void input_image(const ConvGeometry& g, const Workspace& s, const Phase& phase, const float* from,
                 const float* w, float* dx, float* band) {
  dx += (phase.first.h - g.padding.h) * g.x_size.w + phase.first.w - g.padding.w;
  int64_t pitch = s.planes.pitch, rows = s.band_rows, stride = s.band_pitch;
  int64_t width = phase.across.end - phase.across.begin, area = g.x_size.h * g.x_size.w;
  for (int64_t i = phase.rows.begin; i < phase.rows.end && width > 0; i += rows) {
    int64_t height = std::min(rows, phase.rows.end - i);
    for (int64_t c = 0; c < g.group_in(); c += direct_outputs) {
      int outputs = outputs_from(c, g.group_in());
      Correlation sum{phase.offsets, phase.taps, w + c * phase.taps, outputs, nullptr};
      correlate(sum, from + i * pitch + phase.across.begin, band, stride,
                (height - 1) * pitch + width);
      copy_rows(dx + c * area + i * g.stride.h * g.x_size.w + phase.across.begin * g.stride.w,
                {area, g.stride.h * g.x_size.w, g.stride.w}, band, {stride, pitch}, outputs, height,
                width);
    }
  }
}

/// Adds one image and group to the sums of conv2d_weight.
void weight_image(const ConvGeometry& g, const Workspace& s, const float* from, const float* dy,
                  float* band, float* sums) {
  int64_t pitch = s.planes.pitch, rows = s.band_rows, stride = s.band_pitch;
  for (int64_t i = 0; i < g.y_size.h; i += rows) {
    int64_t height = std::min(rows, g.y_size.h - i), n = (height - 1) * pitch + g.y_size.w;
    for (int64_t o = 0; o < g.group_out(); o += direct_outputs) {
      int outputs = outputs_from(o, g.group_out());
      copy_rows(band, {stride, pitch}, dy + o * g.pixels() + i * g.y_size.w,
                {g.pixels(), g.y_size.w}, outputs, height, g.y_size.w);
      for (int k = 0; k < outputs; ++k) std::fill_n(band + k * stride + n, direct_slack, 0.0f);
      Correlation c{s.offsets, g.column_rows(), nullptr, outputs, nullptr};
      correlate_gradient(c, from + i * pitch, band, stride, n,
                         sums + o * g.column_rows() * direct_lanes);
    }
  }
}

/// dw = the sums of all threads and lanes.
void add_sums(const Workspace& s, float* dw) {
  for (int64_t i = 0; i < s.sums_elements; i += direct_lanes) {
    float total[direct_lanes] = {};
    for (int64_t t = 0; t < s.threads; ++t)
      for (int64_t k = 0; k < direct_lanes; ++k) total[k] += s.sums[t * s.sums_elements + i + k];
    for (int64_t half = direct_lanes / 2; half > 0; half /= 2)
      for (int64_t k = 0; k < half; ++k) total[k] += total[k + half];
    dw[i / direct_lanes] = total[0];
  }
}

void clear(float* data, int64_t n) { std::fill_n(data, n, 0.0f); }

}  // namespace

bool direct_is_faster(const ConvGeometry& g, ConvPass) {
  return g.group_in() < 4 || g.group_out() < 4;
}

int64_t direct_scratch(const ConvGeometry& g, ConvPass pass) {
  return int64_t(Workspace(g, pass, nullptr).cutter.position()) + 64;
}

void direct_conv2d(const ConvGeometry& g, const float* x, const float* w, const float* b, float* y,
                   void* scratch) {
  Workspace s(g, ConvPass::forward, scratch);
  input_offsets(g, s.planes, s.offsets);
  pack_weights(g, w, s.weights);
  clear(s.images, s.threads * s.planes.elements());
  int64_t area = g.x_size.h * g.x_size.w, block = g.group_out() * g.column_rows();
  for_each_image(g, s.threads, [&](int64_t i, int64_t group, int64_t thread) {
    copy_input(g, s.planes, x + i * g.group_in() * area, s.image(thread));
    forward_image(g, s, s.image(thread), s.weights + group * block,
                  b ? b + group * g.group_out() : b, y + i * g.group_out() * g.pixels(),
                  s.band(thread));
  });
}

void direct_conv2d_input(const ConvGeometry& g, const float* dy, const float* w, float* dx,
                         void* scratch) {
  Workspace s(g, ConvPass::input, scratch);
  clear(s.images, s.threads * s.planes.elements());
  pack_phases(g, s, w);
  int64_t area = g.x_size.h * g.x_size.w, phases = g.stride.h * g.stride.w;
  for_each_image(g, s.threads, [&](int64_t i, int64_t group, int64_t thread) {
    copy_gradient(g, s.planes, dy + i * g.group_out() * g.pixels(), s.image(thread));
    for (Phase* p = s.phases; p < s.phases + phases; ++p)
      input_image(g, s, *p, s.image(thread), p->weights + group * g.group_in() * p->taps,
                  dx + i * g.group_in() * area, s.band(thread));
  });
}

void direct_conv2d_weight(const ConvGeometry& g, const float* dy, const float* x, float* dw,
                          void* scratch) {
  Workspace s(g, ConvPass::weight, scratch);
  input_offsets(g, s.planes, s.offsets);
  clear(s.images, s.threads * s.planes.elements());
  clear(s.bands, s.threads * direct_outputs * s.band_pitch);
  clear(s.sums, s.threads * s.sums_elements);
  int64_t area = g.x_size.h * g.x_size.w, block = g.group_out() * g.column_rows();
  for_each_image(g, s.threads, [&](int64_t i, int64_t group, int64_t thread) {
    copy_input(g, s.planes, x + i * g.group_in() * area, s.image(thread));
    weight_image(g, s, s.image(thread), dy + i * g.group_out() * g.pixels(), s.band(thread),
                 s.sums + thread * s.sums_elements + group * block * direct_lanes);
  });
  add_sums(s, dw);
}

}  // namespace taper::kernels
