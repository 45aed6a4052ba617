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

/// Squares of tiles that count as few, for a pass that writes images and the weights'; and tiles of
/// images that a thread transforms at once where they are more.
constexpr int64_t few_squares = 8, few_gradient_squares = 4, most_tiles = 32;

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

/// The tiles of some of the images.
WinogradTiles some(WinogradTiles t, int64_t images) {
  t.batch = images;
  return t;
}

int64_t image_floats(const WinogradTiles& t) { return t.batch * t.image(); }

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

/// Some blocks of channels of all tiles, transformed; those that fill up the last square are 0.
void transform_blocks(const WinogradTiles& t, Transform* transform, const float* images,
                      int64_t first, int64_t last, float* to) {
  for (int64_t c = first; c < last; ++c) {
    for (int64_t i = 0; i < t.batch; ++i) transform(t, images, i, c, to);
    int64_t in_last = t.count() % block;
    float* rest = to + t.square(t.squares() - 1, c) + in_last * block;
    for (int64_t p = 0; in_last && p < points; ++p)
      std::fill_n(rest + p * t.plane(), (block - in_last) * block, 0.0f);
  }
}

/// The same for all blocks, on several threads.
void transform_all(const WinogradTiles& t, Transform* transform, const float* images, float* to) {
  parallel_for(t.channel_blocks, 1, [&](int64_t first, int64_t last) {
    transform_blocks(t, transform, images, first, last, to);
  });
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

/// How many images a thread transforms at once where tiles are many.
int64_t images_at_once(const WinogradTiles& t, int64_t most) {
  return std::clamp<int64_t>(most_tiles / (t.tiles.h * t.tiles.w), 1, std::max<int64_t>(most, 1));
}

/// A pass that writes images. Few tiles are transformed first, and each thread takes blocks of
/// channels, whose weights it transforms and multiplies while they lie in its cache. Where tiles
/// are many it is the other way: all weights first, and each thread takes images.
class Correlation {
 public:
  Correlation(const ConvGeometry& g, ConvPass pass)
      : g_(g), turned_(pass == ConvPass::input), p_(g, pass) {
    if (by_channels()) return;
    images_at_once_ = images_at_once(p_.from, g.batch / get_num_threads());
  }

  int64_t scratch_floats() const { return shared_floats() + own_floats() * get_num_threads(); }

  void run(const float* images, const float* w, const float* bias, float* result, float* shared) {
    images_ = images, w_ = w, bias_ = bias, result_ = result;
    float* own = shared + shared_floats();
    if (by_channels()) {
      transform_all(p_.from, winograd_inputs, images, shared);
      for_each_on_threads(p_.to.channel_blocks, own, own_floats(),
                          [&](int64_t i, float* scratch) { run_channels(i, shared, scratch); });
      return;
    }
    parallel_for(p_.to.channel_blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        transform_windows(i, 0, p_.from.channel_blocks, shared + i * window_floats());
    });
    int64_t groups = (p_.from.batch + images_at_once_ - 1) / images_at_once_;
    for_each_on_threads(groups, own, own_floats(), [&](int64_t i, float* scratch) {
      run_images(i * images_at_once_, shared, scratch);
    });
  }

 private:
  bool by_channels() const { return p_.from.squares() <= few_squares; }
  /// The windows of one block of outputs and those channels that are transformed at once.
  int64_t window_floats() const { return points * winograd_plane(channels_at_once()); }
  int64_t channels_at_once() const {
    return by_channels() ? std::min(most_channel_blocks, p_.from.channel_blocks)
                         : p_.from.channel_blocks;
  }
  int64_t shared_floats() const {
    return by_channels() ? points * p_.from.plane() : p_.to.channel_blocks * window_floats();
  }
  int64_t own_floats() const {
    if (by_channels()) return window_floats() + p_.to.squares() * points * square;
    return points * (some(p_.from, images_at_once_).plane() + square);
  }

  /// One block of channels of the result.
  void run_channels(int64_t channel_block, const float* tiles, float* scratch) const {
    float *windows = scratch, *sums = scratch + window_floats();
    for (int64_t first = 0; first < p_.from.channel_blocks; first += channels_at_once()) {
      int64_t n = std::min(channels_at_once(), p_.from.channel_blocks - first);
      transform_windows(channel_block, first, n, windows);
      for (int64_t s = 0; s < p_.from.squares(); ++s)
        multiply(p_.from, tiles, s, first, n, windows, sums + s * points * square);
    }
    for (int64_t s = 0; s < p_.to.squares(); ++s)
      write(p_.to, s, channel_block, sums + s * points * square, result_);
  }
  /// All channels of a few images.
  void run_images(int64_t first, const float* windows, float* scratch) const {
    int64_t n = std::min(images_at_once_, p_.from.batch - first);
    WinogradTiles from = some(p_.from, n), to = some(p_.to, n);
    float *tiles = scratch, *sums = scratch + points * from.plane();
    transform_blocks(from, winograd_inputs, images_ + first * from.image(), 0, from.channel_blocks,
                     tiles);
    float* result = result_ + first * to.image();
    for (int64_t c = 0; c < to.channel_blocks; ++c)
      for (int64_t s = 0; s < from.squares(); ++s) {
        multiply(from, tiles, s, 0, from.channel_blocks, windows + c * window_floats(), sums);
        write(to, s, c, sums, result);
      }
  }

  void transform_windows(int64_t channel_block, int64_t first, int64_t n, float* windows) const {
    int64_t from = first * block, to = channel_block * block, row = g_.in * 9;
    WinogradWindows shape{.lane = row, .next = 9, .count = n * block, .turned = turned_};
    if (turned_) std::swap(shape.lane, shape.next);
    const float* w = w_ + (turned_ ? from * g_.in + to : to * g_.in + from) * 9;
    winograd_windows(shape, w, windows, winograd_plane(n));
  }
  /// sums (+)= the products of a square of tiles with n blocks of channels' windows.
  static void multiply(const WinogradTiles& t, const float* tiles, int64_t tiles_block,
                       int64_t first, int64_t n, const float* windows, float* sums) {
    for (int64_t p = 0; p < points; ++p)
      winograd_multiply({.a = tiles + p * t.plane() + t.square(tiles_block, first),
                         .b = windows + p * winograd_plane(n),
                         .squares = n,
                         .a_step = square,
                         .b_step = square,
                         .add = first > 0},
                        sums + p * square);
  }
  void write(const WinogradTiles& t, int64_t tiles_block, int64_t channel_block, const float* sums,
             float* result) const {
    winograd_outputs(t, tiles_block, channel_block, sums,
                     bias_ ? bias_ + channel_block * block : nullptr, result);
  }

  const ConvGeometry& g_;
  bool turned_;
  Pass p_;
  int64_t images_at_once_ = 1;
  const float *images_ = nullptr, *w_ = nullptr, *bias_ = nullptr;
  float* result_ = nullptr;
};

/// The pass of the weights. Few tiles are transformed first, and each thread takes blocks of
/// outputs; where they are many, the images are cut into a part for each thread, or into a number
/// of parts that the geometry decides, whose sums are added up: each of enough tiles to outweigh
/// it.
class WeightGradient {
 public:
  explicit WeightGradient(const ConvGeometry& g) : p_(g, ConvPass::weight) {
    int64_t most = std::min(g.batch, p_.from.count() / most_tiles);
    parts_ = std::clamp<int64_t>(deterministic() ? most_fixed_parts : get_num_threads(), 1,
                                 std::max<int64_t>(most, 1));
    images_ = at_once() ? g.batch : images_at_once(p_.from, g.batch / parts_);
  }

  int64_t scratch_floats() const {
    return at_once() ? tiles_floats() + get_num_threads() * points * square : parts_ * own_floats();
  }

  void run(const float* x, const float* dy, float* dw, float* scratch) const {
    at_once() ? run_at_once(x, dy, dw, scratch) : run_in_parts(x, dy, dw, scratch);
  }

 private:
  bool at_once() const { return p_.from.squares() <= few_gradient_squares; }
  int64_t tiles_floats() const {
    return points * (some(p_.from, images_).plane() + some(p_.to, images_).plane());
  }
  /// Where the sums of a block of outputs with a block of inputs are.
  int64_t sums_at(int64_t o, int64_t c) const {
    return (o * p_.from.channel_blocks + c) * points * square;
  }
  int64_t own_floats() const { return tiles_floats() + sums_at(p_.to.channel_blocks, 0); }

  void run_at_once(const float* x, const float* dy, float* dw, float* scratch) const {
    float* gradients = scratch + points * p_.from.plane();
    transform_all(p_.from, winograd_inputs, x, scratch);
    transform_all(p_.to, winograd_gradients, dy, gradients);
    for_each_on_threads(p_.to.channel_blocks, scratch + tiles_floats(), points * square,
                        [&](int64_t o, float* sums) {
                          for (int64_t c = 0; c < p_.from.channel_blocks; ++c) {
                            add(p_.from, scratch, c, p_.to, gradients, o, false, sums);
                            write(c, o, sums, dw);
                          }
                        });
  }
  void run_in_parts(const float* x, const float* dy, float* dw, float* scratch) const {
    parallel_for(parts_, 1, [&](int64_t first, int64_t last) {
      for (int64_t t = first; t < last; ++t)
        add_images(p_.from.batch * t / parts_, p_.from.batch * (t + 1) / parts_, x, dy,
                   scratch + t * own_floats());
    });
    parallel_for(p_.to.channel_blocks, 1, [&](int64_t first, int64_t last) {
      for (int64_t o = first; o < last; ++o) add_parts(o, scratch + tiles_floats(), dw);
    });
  }
  /// Adds the parts' sums of a block of outputs to the first's.
  void add_parts(int64_t o, float* sums, float* dw) const {
    for (int64_t t = 1; t < parts_; ++t)
      for (int64_t i = sums_at(o, 0); i < sums_at(o + 1, 0); ++i)
        sums[i] += sums[t * own_floats() + i];
    for (int64_t c = 0; c < p_.from.channel_blocks; ++c) write(c, o, sums + sums_at(o, c), dw);
  }
  /// The sums of one part's images.
  void add_images(int64_t begin, int64_t end, const float* x, const float* dy, float* own) const {
    float *gradients = own + points * some(p_.from, images_).plane(), *sums = own + tiles_floats();
    for (int64_t first = begin; first < end; first += images_) {
      int64_t n = std::min(images_, end - first);
      WinogradTiles from = some(p_.from, n), to = some(p_.to, n);
      transform_blocks(from, winograd_inputs, x + first * from.image(), 0, from.channel_blocks,
                       own);
      transform_blocks(to, winograd_gradients, dy + first * to.image(), 0, to.channel_blocks,
                       gradients);
      for (int64_t o = 0; o < to.channel_blocks; ++o)
        for (int64_t c = 0; c < from.channel_blocks; ++c)
          add(from, own, c, to, gradients, o, first > begin, sums + sums_at(o, c));
    }
  }

  static void add(const WinogradTiles& from, const float* inputs, int64_t c,
                  const WinogradTiles& to, const float* gradients, int64_t o, bool to_others,
                  float* sums) {
    for (int64_t p = 0; p < points; ++p)
      winograd_multiply({.a = gradients + p * to.plane() + to.square(0, o),
                         .b = inputs + p * from.plane() + from.square(0, c),
                         .squares = from.squares(),
                         .a_step = to.square(1, 0),
                         .b_step = from.square(1, 0),
                         .turned = true,
                         .add = to_others},
                        sums + p * square);
  }
  void write(int64_t c, int64_t o, const float* sums, float* dw) const {
    int64_t in = p_.from.channel_blocks * block;
    winograd_window_gradients({.lane = 9, .next = in * 9, .count = block}, sums, square,
                              dw + (o * in + c) * block * 9);
  }

  Pass p_;
  int64_t parts_ = 1, images_ = 1;
};

}  // namespace

bool winograd_has(const ConvGeometry& g) {
  return g.groups == 1 && g.kernel == Int2(3) && g.stride == Int2(1) && g.dilation == Int2(1) &&
         g.in % block == 0 && g.out % block == 0 && g.padding.h <= 2 && g.padding.w <= 2 &&
         double(g.in * 9) * double(block) < 0x1p31;
}

bool winograd_is_faster(const ConvGeometry& g, ConvPass pass) {
  if (!winograd() || isa() != Isa::avx512 || !winograd_has(g) || std::min(g.in, g.out) < 64)
    return false;
  Pass p(g, pass);
  int64_t squares = p.from.squares();
  // Threads share blocks of channels where squares are few, and images where they are many.
  bool few = squares <= (pass == ConvPass::weight ? few_gradient_squares : few_squares);
  int64_t threads = deterministic() ? 1 : get_num_threads();
  if (few ? 2 * p.to.channel_blocks < threads : g.batch < threads) return false;
  // A thread's sums of more channels do not stay in its cache.
  bool many_channels = g.in * g.out > 1 << 15;
  if (pass == ConvPass::weight && squares > few_gradient_squares && many_channels) return false;
  // Products of a pair of channels; a window's transform takes as long as 400.
  return double(points * block * squares + 400) < 0.9 * 9 * double(g.batch * g.pixels());
}

int64_t winograd_scratch(const ConvGeometry& g, ConvPass pass, ConvLayouts layouts) {
  Pass p(g, pass);
  bool reads_x = pass != ConvPass::input, reads_y = pass != ConvPass::forward;
  int64_t floats = 0;
  if (reads_x && !layouts.x) floats += image_floats(p.from);
  if (reads_y && !layouts.y) floats += image_floats(reads_x ? p.to : p.from);
  floats += reads_x && reads_y ? WeightGradient(g).scratch_floats()
                               : Correlation(g, pass).scratch_floats();
  return 64 + floats * int64_t(sizeof(float));
}

void winograd_conv(const ConvGeometry& g, ConvPass pass, ConvLayouts layouts, const ConvData& data,
                   void* memory) {
  float* scratch = reinterpret_cast<float*>(next_line(memory));
  Pass p(g, pass);
  if (pass == ConvPass::forward) {
    const float* x = images_in_blocks(p.from, layouts.x, data.x, scratch);
    return Correlation(g, pass).run(x, data.w, data.b, data.y, scratch);
  }
  if (pass == ConvPass::input) {
    const float* dy = images_in_blocks(p.from, layouts.y, data.y, scratch);
    return Correlation(g, pass).run(dy, data.w, nullptr, data.x, scratch);
  }
  const float* x = images_in_blocks(p.from, layouts.x, data.x, scratch);
  const float* dy = images_in_blocks(p.to, layouts.y, data.y, scratch);
  WeightGradient(g).run(x, dy, data.w, scratch);
}

}  // namespace kernels
}  // namespace taper
