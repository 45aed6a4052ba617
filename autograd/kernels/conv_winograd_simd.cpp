#include "autograd/kernels/conv_winograd_simd.h"

#include <algorithm>
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/conv_winograd_simd.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, size_t(winograd_block)>;
using V = hn::Vec<D>;

HWY_INLINE int64_t lanes() { return int64_t(hn::Lanes(D())); }
HWY_INLINE V times(double factor, V x) { return hn::Mul(hn::Set(D(), float(factor)), x); }
HWY_INLINE V plus(V sum, double factor, V x) {
  return hn::MulAdd(hn::Set(D(), float(factor)), x, sum);
}

// Polynomials are evaluated at 0, a, -a, b, -b and infinity. Of points that are exact in float,
// these have nearly the least error.
constexpr double a = 0.75, b = 1.5, aa = a * a, bb = b * b;
constexpr double share_0 = 1 / (aa * bb), share_a = 1 / (2 * aa * (aa - bb)),
                 share_b = 1 / (2 * bb * (bb - aa));

/// A polynomial at a, -a, b and -b, from its even and odd parts there.
HWY_INLINE void put_at_both_signs(V even_a, V odd_a, V even_b, V odd_b, V* y) {
  y[1] = hn::Add(even_a, odd_a);
  y[2] = hn::Sub(even_a, odd_a);
  y[3] = hn::Add(even_b, odd_b);
  y[4] = hn::Sub(even_b, odd_b);
}

// The transforms along one dimension: `to` numbers of `from`.

struct Inputs {
  static constexpr size_t from = 6, to = 6;
  static HWY_INLINE void apply(const V* x, V* y) {
    y[0] = plus(plus(x[4], -(aa + bb), x[2]), aa * bb, x[0]);
    V even_a = plus(x[4], -bb, x[2]), odd_a = times(a, plus(x[3], -bb, x[1]));
    V even_b = plus(x[4], -aa, x[2]), odd_b = times(b, plus(x[3], -aa, x[1]));
    put_at_both_signs(even_a, odd_a, even_b, odd_b, y);
    y[5] = plus(plus(x[5], -(aa + bb), x[3]), aa * bb, x[1]);
  }
};

struct Windows {
  static constexpr size_t from = 3, to = 6;
  static HWY_INLINE void apply(const V* x, V* y) {
    V even_a = times(share_a, plus(x[0], aa, x[2])), odd_a = times(share_a * a, x[1]);
    V even_b = times(share_b, plus(x[0], bb, x[2])), odd_b = times(share_b * b, x[1]);
    y[0] = times(share_0, x[0]);
    put_at_both_signs(even_a, odd_a, even_b, odd_b, y);
    y[5] = x[2];
  }
};

struct Outputs {
  static constexpr size_t from = 6, to = 4;
  static HWY_INLINE void apply(const V* x, V* y) {
    V sum_a = hn::Add(x[1], x[2]), sum_b = hn::Add(x[3], x[4]);
    V odd_a = times(a, hn::Sub(x[1], x[2])), odd_b = times(b, hn::Sub(x[3], x[4]));
    y[0] = hn::Add(x[0], hn::Add(sum_a, sum_b));
    y[1] = hn::Add(odd_a, odd_b);
    y[2] = plus(times(aa, sum_a), bb, sum_b);
    y[3] = plus(plus(x[5], aa, odd_a), bb, odd_b);
  }
};

/// The adjoint of Outputs.
struct OutputGradients {
  static constexpr size_t from = 4, to = 6;
  static HWY_INLINE void apply(const V* x, V* y) {
    V even_a = plus(x[0], aa, x[2]), odd_a = times(a, plus(x[1], aa, x[3]));
    V even_b = plus(x[0], bb, x[2]), odd_b = times(b, plus(x[1], bb, x[3]));
    y[0] = x[0];
    put_at_both_signs(even_a, odd_a, even_b, odd_b, y);
    y[5] = x[3];
  }
};

/// The adjoint of Windows.
struct WindowGradients {
  static constexpr size_t from = 6, to = 3;
  static HWY_INLINE void apply(const V* x, V* y) {
    V sum_a = times(share_a, hn::Add(x[1], x[2])), sum_b = times(share_b, hn::Add(x[3], x[4]));
    V odd_a = times(share_a * a, hn::Sub(x[1], x[2]));
    V odd_b = times(share_b * b, hn::Sub(x[3], x[4]));
    y[0] = plus(hn::Add(sum_a, sum_b), share_0, x[0]);
    y[1] = hn::Add(odd_a, odd_b);
    y[2] = plus(plus(x[5], aa, sum_a), bb, sum_b);
  }
};

/// Both dimensions: load(i, j) gives the numbers, store(i, j, v) takes the others.
template <class T, class Load, class Store>
HWY_INLINE void transform(const Load& load, const Store& store) {
  V half[T::from][T::to];
  HWY_UNROLL(6) for (size_t i = 0; i < T::from; ++i) {
    V row[T::from];
    HWY_UNROLL(6) for (size_t j = 0; j < T::from; ++j) row[j] = load(i, j);
    T::apply(row, half[i]);
  }
  HWY_UNROLL(6) for (size_t j = 0; j < T::to; ++j) {
    V column[T::from], out[T::to];
    HWY_UNROLL(6) for (size_t i = 0; i < T::from; ++i) column[i] = half[i][j];
    T::apply(column, out);
    HWY_UNROLL(6) for (size_t i = 0; i < T::to; ++i) store(i, j, out[i]);
  }
}

template <class T>
void transform_tiles(const WinogradTiles& t, const float* x, int64_t image, int64_t channel_block,
                     float* to) {
  const D d;
  const int64_t plane = t.plane(), side = int64_t(T::from);
  x += (image * t.channel_blocks + channel_block) * t.image_block();
  int64_t at = image * t.tiles.h * t.tiles.w;
  for (int64_t r = 0; r < t.tiles.h; ++r)
    for (int64_t c = 0; c < t.tiles.w; ++c, ++at) {
      const int64_t top = r * 4 - t.padding.h, left = c * 4 - t.padding.w;
      const bool inside =
          top >= 0 && left >= 0 && top + side <= t.size.h && left + side <= t.size.w;
      float* out =
          to + t.square(at / winograd_block, channel_block) + at % winograd_block * winograd_block;
      for (int64_t lane = 0; lane < winograd_block; lane += lanes()) {
        auto load = [&](size_t i, size_t j) HWY_ATTR {
          const int64_t row = top + int64_t(i), column = left + int64_t(j);
          if (!inside && (row < 0 || row >= t.size.h || column < 0 || column >= t.size.w))
            return hn::Zero(d);
          return hn::LoadU(d, x + (row * t.size.w + column) * winograd_block + lane);
        };
        transform<T>(load, [&](size_t i, size_t j, V v) HWY_ATTR {
          hn::StoreU(v, d, out + int64_t(i * 6 + j) * plane + lane);
        });
      }
    }
}

void transform_inputs(const WinogradTiles& t, const float* x, int64_t image, int64_t channel_block,
                      float* to) {
  transform_tiles<Inputs>(t, x, image, channel_block, to);
}

void transform_gradients(const WinogradTiles& t, const float* dy, int64_t image,
                         int64_t channel_block, float* to) {
  transform_tiles<OutputGradients>(t, dy, image, channel_block, to);
}

/// 0, step, 2 step, ..
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> places(int64_t step) {
  const hn::RebindToSigned<D> d;
  return hn::Mul(hn::Iota(d, 0), hn::Set(d, int32_t(step)));
}

/// Fetches windows that follow soon, where each 16 of them lie apart from the 16 before: no CPU
/// foresees that.
HWY_INLINE void prefetch(const WinogradWindows& windows, const float* w) {
  constexpr int64_t taps = 9, ahead = 2, line = 16;
  if (windows.lane != taps) return;
  for (int64_t i = 0; i < taps * winograd_block; i += line)
    hwy::Prefetch(w + ahead * windows.next + i);
}

HWY_INLINE void transform_window(const WinogradWindows& windows, const float* w, float* to,
                                 int64_t plane) {
  const D d;
  const auto at = places(windows.lane);
  for (int64_t lane = 0; lane < winograd_block; lane += lanes(), w += lanes() * windows.lane) {
    auto load = [&](size_t i, size_t j) HWY_ATTR {
      const size_t tap = i * 3 + j;
      return hn::GatherIndex(d, w + (windows.turned ? 8 - tap : tap), at);
    };
    transform<Windows>(load, [&](size_t i, size_t j, V v) HWY_ATTR {
      hn::StoreU(v, d, to + int64_t(i * 6 + j) * plane + lane);
    });
  }
}

void transform_windows(const WinogradWindows& windows, const float* w, float* to, int64_t plane) {
  for (int64_t i = 0; i < windows.count; ++i, w += windows.next, to += winograd_block) {
    prefetch(windows, w);
    transform_window(windows, w, to, plane);
  }
}

HWY_INLINE void window_gradient(const WinogradWindows& windows, const float* sums, int64_t plane,
                                float* dw) {
  const D d;
  const auto at = places(windows.lane);
  for (int64_t lane = 0; lane < winograd_block; lane += lanes(), dw += lanes() * windows.lane) {
    auto load = [&](size_t i, size_t j)
                    HWY_ATTR { return hn::LoadU(d, sums + int64_t(i * 6 + j) * plane + lane); };
    transform<WindowGradients>(load, [&](size_t i, size_t j, V v)
                                         HWY_ATTR { hn::ScatterIndex(v, d, dw + i * 3 + j, at); });
  }
}

void window_gradients(const WinogradWindows& windows, const float* sums, int64_t plane, float* dw) {
  for (int64_t i = 0; i < windows.count; ++i, dw += windows.next, sums += winograd_block) {
    prefetch(windows, dw);
    window_gradient(windows, sums, plane, dw);
  }
}

void outputs_of(const WinogradTiles& t, int64_t tiles_block, int64_t channel_block,
                const float* sums, const float* bias, float* y) {
  const D d;
  const int64_t first = tiles_block * winograd_block, area = t.tiles.h * t.tiles.w;
  for (int64_t at = first; at < std::min(t.count(), first + winograd_block); ++at) {
    const int64_t image = at / area, top = at % area / t.tiles.w * 4, left = at % t.tiles.w * 4;
    const float* from = sums + (at - first) * winograd_block;
    float* to = y + (image * t.channel_blocks + channel_block) * t.image_block();
    for (int64_t lane = 0; lane < winograd_block; lane += lanes()) {
      const V start = bias ? hn::LoadU(d, bias + lane) : hn::Zero(d);
      auto load = [&](size_t i, size_t j) HWY_ATTR {
        return hn::LoadU(d, from + int64_t(i * 6 + j) * winograd_square + lane);
      };
      transform<Outputs>(load, [&](size_t i, size_t j, V v) HWY_ATTR {
        const int64_t row = top + int64_t(i), column = left + int64_t(j);
        if (row >= t.size.h || column >= t.size.w) return;
        hn::StoreU(hn::Add(v, start), d, to + (row * t.size.w + column) * winograd_block + lane);
      });
    }
  }
}

/// Rows of sums that stay in registers: what 32 or 16 of them allow.
constexpr int64_t rows_at_once = HWY_TARGET <= HWY_AVX3 ? 16 : 8;

template <bool turned>
HWY_INLINE void multiply_rows(const WinogradProduct& p, int64_t row, int64_t lane, float* sums) {
  const D d;
  constexpr int64_t next_row = turned ? 1 : winograd_block, next = turned ? winograd_block : 1;
  V acc[rows_at_once];
  HWY_UNROLL(16)
  for (int64_t r = 0; r < rows_at_once; ++r)
    acc[r] = p.add ? hn::LoadU(d, sums + r * winograd_block) : hn::Zero(d);
  for (int64_t s = 0; s < p.squares; ++s) {
    const float *from = p.a + s * p.a_step + row * next_row, *with = p.b + s * p.b_step + lane;
    for (int64_t k = 0; k < winograd_block; ++k) {
      const V v = hn::LoadU(d, with + k * winograd_block);
      HWY_UNROLL(16)
      for (int64_t r = 0; r < rows_at_once; ++r)
        acc[r] = hn::MulAdd(hn::Set(d, from[r * next_row + k * next]), v, acc[r]);
    }
  }
  HWY_UNROLL(16)
  for (int64_t r = 0; r < rows_at_once; ++r) hn::StoreU(acc[r], d, sums + r * winograd_block);
}

void multiply(const WinogradProduct& p, float* sums) {
  for (int64_t row = 0; row < winograd_block; row += rows_at_once)
    for (int64_t lane = 0; lane < winograd_block; lane += lanes()) {
      float* to = sums + row * winograd_block + lane;
      p.turned ? multiply_rows<true>(p, row, lane, to) : multiply_rows<false>(p, row, lane, to);
    }
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(transform_inputs);
HWY_EXPORT(transform_gradients);
HWY_EXPORT(transform_windows);
HWY_EXPORT(window_gradients);
HWY_EXPORT(outputs_of);
HWY_EXPORT(multiply);

void winograd_inputs(const WinogradTiles& t, const float* x, int64_t image, int64_t channel_block,
                     float* to) {
  HWY_DYNAMIC_DISPATCH(transform_inputs)(t, x, image, channel_block, to);
}

void winograd_gradients(const WinogradTiles& t, const float* dy, int64_t image,
                        int64_t channel_block, float* to) {
  HWY_DYNAMIC_DISPATCH(transform_gradients)(t, dy, image, channel_block, to);
}

void winograd_windows(const WinogradWindows& windows, const float* w, float* to, int64_t plane) {
  HWY_DYNAMIC_DISPATCH(transform_windows)(windows, w, to, plane);
}

void winograd_window_gradients(const WinogradWindows& windows, const float* sums, int64_t plane,
                               float* dw) {
  HWY_DYNAMIC_DISPATCH(window_gradients)(windows, sums, plane, dw);
}

void winograd_outputs(const WinogradTiles& t, int64_t tiles_block, int64_t channel_block,
                      const float* sums, const float* bias, float* y) {
  HWY_DYNAMIC_DISPATCH(outputs_of)(t, tiles_block, channel_block, sums, bias, y);
}

void winograd_multiply(const WinogradProduct& p, float* sums) {
  HWY_DYNAMIC_DISPATCH(multiply)(p, sums);
}

}  // namespace taper::kernels
#endif
