#include "autograd/kernels/conv_winograd.h"

#include <cstdlib>
#include <cstring>

#include "autograd/kernels/conv_winograd_simd.h"
#include "autograd/kernels/isa.h"
#include "autograd/kernels/parallel.h"
#include "autograd/kernels/reorder.h"
#include "autograd/kernels/winograd.h"

namespace taper {

static bool& winograd_switch() {
  static const bool first = [] {
    const char* set = std::getenv("TAPER_WINOGRAD");
    return !set || std::strcmp(set, "0") != 0;
  }();
  static thread_local bool on = first;
  return on;
}

bool winograd() { return winograd_switch(); }
void set_winograd(bool on) { winograd_switch() = on; }

namespace kernels {

namespace {

constexpr int64_t block = winograd_block, square = winograd_square, points = winograd_points;

/// Blocks of channels whose weights are transformed before they are multiplied: 128 channels' lie
/// in 300 KB.
constexpr int64_t most_channel_blocks = 8;

/// The images of channels that a pass reads, and the tiles that they are cut into.
WinogradTiles tiles_of(const ConvGeometry& g, int64_t channels, Int2 size, Int2 padding,
                       Int2 outputs) {
  return {.batch = g.batch,
          .channel_blocks = channels / block,
          .size = size,
          .padding = padding,
          .tiles = {(outputs.h + 3) / 4, (outputs.w + 3) / 4}};
}

/// One pass: the tiles of what it reads, and of what it writes or, for the weights, reads too.
struct Pass {
  WinogradTiles from, to;

  Pass(const ConvGeometry& g, ConvPass pass) {
    if (pass == ConvPass::input) {
      Int2 rest{2 - g.padding.h, 2 - g.padding.w};
      from = tiles_of(g, g.out, g.y_size, rest, g.x_size);
      to = tiles_of(g, g.in, g.x_size, 0, g.x_size);
    } else {
      from = tiles_of(g, g.in, g.x_size, g.padding, g.y_size);
      to = tiles_of(g, g.out, g.y_size, 0, g.y_size);
    }
  }
};

/// Floats that one thread needs for its own, of a pass that writes images: the windows of a few
/// channels, and sums.
int64_t window_floats() { return points * winograd_plane(most_channel_blocks); }
int64_t thread_floats(const Pass& p) { return window_floats() + p.to.squares() * points * square; }

/// The same of the weights' pass: sums.
int64_t gradient_floats() { return points * square; }

int64_t image_floats(const WinogradTiles& t) {
  return t.batch * t.channel_blocks * t.image_block();
}

/// Images in blocks: where they lie, or a copy of plain ones in scratch, which moves on.
const float* images_in_blocks(const WinogradTiles& t, bool lies_so, float* images,
                              float*& scratch) {
  if (lies_so) return images;
  float* copy = scratch;
  scratch += image_floats(t);
  kernels::to_blocks({t.batch, t.channel_blocks * block, t.size.h * t.size.w, block},
                     size_t(image_floats(t)) * sizeof(float), images, copy);
  return copy;
}

using Transform = void(const WinogradTiles&, const float*, int64_t, int64_t, float*);

/// All tiles of the images, transformed; those that fill up the last square are 0.
void transform_all(const WinogradTiles& t, Transform* transform, const float* images, float* to) {
  parallel_for(t.channel_blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      for (int64_t i = 0; i < t.batch; ++i) transform(t, images, i, c, to);
      int64_t in_last = t.count() % block;
      float* rest = to + t.square(t.squares() - 1, c) + in_last * block;
      for (int64_t p = 0; in_last && p < points; ++p)
        std::fill_n(rest + p * t.plane(), (block - in_last) * block, 0.0f);
    }
  });
}

/// A pass that writes images.
class Correlation {
 public:
  Correlation(const ConvGeometry& g, ConvPass pass, const float* w, const float* tiles)
      : g_(g), turned_(pass == ConvPass::input), p_(g, pass), w_(w), tiles_(tiles) {}

  /// One block of channels of the result.
  void run(int64_t channel_block, float* scratch, const float* bias, float* result) const {
    float *windows = scratch, *sums = scratch + window_floats();
    for (int64_t first = 0; first < p_.from.channel_blocks; first += most_channel_blocks) {
      int64_t n = std::min(most_channel_blocks, p_.from.channel_blocks - first);
      transform_windows(channel_block, first, n, windows);
      multiply(first, n, windows, sums);
    }
    for (int64_t s = 0; s < p_.to.squares(); ++s)
      winograd_outputs(p_.to, s, channel_block, sums + s * points * square,
                       bias ? bias + channel_block * block : nullptr, result);
  }

 private:
  void transform_windows(int64_t channel_block, int64_t first, int64_t n, float* windows) const {
    int64_t from = first * block, to = channel_block * block, row = g_.in * 9;
    WinogradWindows shape{.lane = row, .next = 9, .count = n * block, .turned = turned_};
    if (turned_) std::swap(shape.lane, shape.next);
    const float* w = w_ + (turned_ ? from * g_.in + to : to * g_.in + from) * 9;
    winograd_windows(shape, w, windows, winograd_plane(n));
  }
  void multiply(int64_t first, int64_t n, const float* windows, float* sums) const {
    for (int64_t s = 0; s < p_.from.squares(); ++s)
      for (int64_t p = 0; p < points; ++p)
        winograd_multiply({.a = tiles_ + p * p_.from.plane() + p_.from.square(s, first),
                           .b = windows + p * winograd_plane(n),
                           .squares = n,
                           .a_step = square,
                           .b_step = square,
                           .add = first > 0},
                          sums + (s * points + p) * square);
  }

  const ConvGeometry& g_;
  bool turned_;
  Pass p_;
  const float *w_, *tiles_;
};

/// The gradients of the windows between one block of outputs and all inputs.
void window_gradients(const Pass& p, int64_t out_block, const float* x, const float* dy,
                      float* sums, float* dw) {
  int64_t in = p.from.channel_blocks * block;
  WinogradWindows shape{.lane = 9, .next = in * 9, .count = block};
  for (int64_t c = 0; c < p.from.channel_blocks; ++c) {
    for (int64_t i = 0; i < points; ++i)
      winograd_multiply({.a = dy + i * p.to.plane() + p.to.square(0, out_block),
                         .b = x + i * p.from.plane() + p.from.square(0, c),
                         .squares = p.from.squares(),
                         .a_step = p.to.square(1, 0),
                         .b_step = p.from.square(1, 0),
                         .turned = true},
                        sums + i * square);
    winograd_window_gradients(shape, sums, square, dw + (out_block * block * in + c * block) * 9);
  }
}

/// Calls f(i, a thread's own scratch) for i below n.
template <class F>
void for_each_on_threads(int64_t n, float* scratch, int64_t floats, const F& f) {
  int64_t threads = std::min<int64_t>(get_num_threads(), n);
  parallel_for(threads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t i = n * t / threads; i < n * (t + 1) / threads; ++i) f(i, scratch + t * floats);
  });
}

bool has_images(ConvPass pass) { return pass != ConvPass::weight; }

/// With more squares of tiles than these oneDNN's kernels are as fast.
int64_t most_squares(ConvPass pass) { return pass == ConvPass::weight ? 4 : 8; }

}  // namespace

bool winograd_has(const ConvGeometry& g) {
  return g.groups == 1 && g.kernel == Int2(3) && g.stride == Int2(1) && g.dilation == Int2(1) &&
         g.in % block == 0 && g.out % block == 0 && g.padding.h <= 2 && g.padding.w <= 2 &&
         double(g.in * 9) * double(block) < 0x1p31;
}

bool winograd_is_faster(const ConvGeometry& g, ConvPass pass) {
  if (!winograd() || isa() != Isa::avx512 || !winograd_has(g) || std::min(g.in, g.out) < 64)
    return false;
  WinogradTiles tiles = Pass(g, pass).from;
  // Products of a pair of channels; a window's transform takes as long as 400.
  double here = double(points * block * tiles.squares() + 400);
  return here < 0.9 * 9 * double(g.batch * g.pixels()) && tiles.squares() <= most_squares(pass);
}

int64_t winograd_scratch(const ConvGeometry& g, ConvPass pass, ConvLayouts layouts) {
  Pass p(g, pass);
  bool reads_x = pass != ConvPass::input, reads_y = pass != ConvPass::forward;
  int64_t floats = points * p.from.plane();
  if (reads_x && !layouts.x) floats += image_floats(p.from);
  if (reads_y && !layouts.y) floats += image_floats(has_images(pass) ? p.from : p.to);
  if (!has_images(pass)) floats += points * p.to.plane();
  int64_t own = has_images(pass) ? thread_floats(p) : gradient_floats();
  return 64 + (floats + own * get_num_threads()) * int64_t(sizeof(float));
}

void winograd_conv(const ConvGeometry& g, ConvPass pass, ConvLayouts layouts, const ConvData& data,
                   void* memory) {
  Pass p(g, pass);
  float* scratch = reinterpret_cast<float*>(next_line(memory));
  float* tiles = scratch;
  scratch += points * p.from.plane();
  bool input = pass == ConvPass::input;
  const float* images =
      images_in_blocks(p.from, input ? layouts.y : layouts.x, input ? data.y : data.x, scratch);
  transform_all(p.from, winograd_inputs, images, tiles);
  if (has_images(pass)) {
    Correlation c(g, pass, data.w, tiles);
    return for_each_on_threads(
        p.to.channel_blocks, scratch, thread_floats(p),
        [&](int64_t i, float* own) { c.run(i, own, data.b, input ? data.x : data.y); });
  }
  float* gradients = scratch;
  scratch += points * p.to.plane();
  images = images_in_blocks(p.to, layouts.y, data.y, scratch);
  transform_all(p.to, winograd_gradients, images, gradients);
  for_each_on_threads(p.to.channel_blocks, scratch, gradient_floats(), [&](int64_t i, float* own) {
    window_gradients(p, i, tiles, gradients, own, data.w);
  });
}

}  // namespace kernels
}  // namespace taper
