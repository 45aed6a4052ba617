#include "autograd/kernels/pool_whole.h"

#include <algorithm>
#include <limits>

#include "autograd/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/pool_whole.cpp"
#include <hwy/foreach_target.h>

#include "autograd/kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// Calls f(a, b) with the elements of even and of odd place from x on.
template <class D, class F>
HWY_INLINE void halves(D d, const float* x, F f) {
#if HWY_TARGET == HWY_SCALAR
  f(hn::LoadU(d, x), hn::LoadU(d, x + 1));
#else
  auto low = hn::LoadU(d, x), high = hn::LoadU(d, x + hn::Lanes(d));
  f(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low));
#endif
}

/// Calls f(v) for each cell of neighbouring windows, the first of which starts at x, in the
/// windows' order: v holds that cell of each. It reads nothing outside of the windows.
template <class D, class F>
HWY_INLINE void for_each_cell(D d, const PoolGeometry& g, Int2 kernel, int64_t stride,
                              const float* x, F f) {
  for (int64_t r = 0; r < kernel.h; ++r, x += g.dilation.h * g.x_size.w) {
    int64_t c = 0;
    if (stride == 1)
      for (; c < kernel.w; ++c) f(hn::LoadU(d, x + c * g.dilation.w));
    for (; c + 1 < kernel.w; c += 2)
      halves(d, x + c, [&](auto even, auto odd) HWY_ATTR {
        f(even);
        f(odd);
      });
    if (c < kernel.w) halves(d, x + c - 1, [&](auto, auto odd) HWY_ATTR { f(odd); });
  }
}

/// A row of y and its cells from the rows of x that its windows lie in; `twos`: kernel and stride
/// are known to be 2.
template <bool twos>
void max_row(const PoolGeometry& g, const float* x, float* y, uint8_t* cell) {
  cover(g.y_size.w, [&](auto d, int64_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> ints;
    auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
    auto at = hn::Zero(ints), number = at;
    const Int2 kernel = twos ? Int2(2) : g.kernel;
    const int64_t stride = twos ? 2 : g.stride.w;
    for_each_cell(d, g, kernel, stride, x + i * stride, [&](auto v) HWY_ATTR {
      auto better = hn::Or(hn::Gt(v, best), hn::IsNaN(v));
      best = hn::IfThenElse(better, v, best);
      at = hn::IfThenElse(hn::RebindMask(ints, better), number, at);
      number = hn::Add(number, hn::Set(ints, 1));
    });
    hn::StoreU(best, d, y + i);
    const hn::Rebind<uint8_t, decltype(d)> bytes;
    hn::StoreU(hn::DemoteTo(bytes, at), bytes, cell + i);
  });
}

/// The rows of dx that a row of windows covers.
void max_input_row(const PoolGeometry& g, const float* dy, const uint8_t* cell, float* dx) {
  cover(g.y_size.w, [&](auto d, int64_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> ints;
    auto at = hn::PromoteTo(ints, hn::LoadU(hn::Rebind<uint8_t, decltype(d)>(), cell + i));
    auto v = hn::LoadU(d, dy + i);
    auto number = hn::Zero(ints);
    auto part = [&]() HWY_ATTR {
      auto taken = hn::RebindMask(d, hn::Eq(at, number));
      number = hn::Add(number, hn::Set(ints, 1));
      return hn::IfThenElseZero(taken, v);
    };
    for (int64_t r = 0; r < g.kernel.h; ++r) {
      auto even = part(), odd = part();
      hn::StoreInterleaved2(even, odd, d, dx + r * g.x_size.w + 2 * i);
    }
  });
}

void max_rows(const PoolGeometry& g, const float* x, float* y, uint8_t* cell, int64_t rows) {
  const auto row = g.kernel == Int2(2) && g.stride.w == 2 ? max_row<true> : max_row<false>;
  for (int64_t i = 0; i < rows; ++i)
    row(g, x + i * g.stride.h * g.x_size.w, y + i * g.y_size.w, cell + i * g.y_size.w);
}

void max_input_rows(const PoolGeometry& g, const float* dy, const uint8_t* cell, float* dx,
                    int64_t rows) {
  const int64_t width = g.x_size.w, rest = width - 2 * g.y_size.w;
  for (int64_t i = 0; i < rows; ++i, dx += g.kernel.h * width) {
    max_input_row(g, dy + i * g.y_size.w, cell + i * g.y_size.w, dx);
    for (int64_t r = 0; rest && r < g.kernel.h; ++r)
      std::fill_n(dx + r * width + 2 * g.y_size.w, rest, 0.0f);
  }
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace taper::kernels {

HWY_EXPORT(max_rows);
HWY_EXPORT(max_input_rows);

namespace {

/// Calls f(plane, first row, end of rows) with rows of y, several planes as one where nothing lies
/// between them, on several threads.
template <class F>
void for_each_rows(PoolGeometry g, const F& f) {
  if (g.x_size.h == g.y_size.h * g.stride.h) {
    g.y_size.h *= g.planes;
    g.planes = 1;
  }
  const int64_t h = g.y_size.h, work = g.y_size.w * g.kernel.h * g.kernel.w;
  parallel_for(g.planes * h, grain_for(cost::pool_whole * double(work)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin, next = 0; i < end; i = next) {
                   next = std::min(end, (i / h + 1) * h);
                   f(i / h, i % h, i % h + next - i);
                 }
               });
}

}  // namespace

bool windows_are_whole(const PoolGeometry& g) {
  auto whole = [](int64_t y, int64_t x, int64_t kernel, int64_t stride, int64_t dilation) {
    return (y - 1) * stride + (kernel - 1) * dilation < x;
  };
  bool columns = g.stride.w == 1 || (g.stride.w == 2 && g.kernel.w > 1 && g.dilation.w == 1);
  return columns && g.padding == Int2(0) && g.y_size.w >= 4 &&
         whole(g.y_size.h, g.x_size.h, g.kernel.h, g.stride.h, g.dilation.h) &&
         whole(g.y_size.w, g.x_size.w, g.kernel.w, g.stride.w, g.dilation.w);
}

bool windows_are_pairs(const PoolGeometry& g) {
  return windows_are_whole(g) && g.kernel == g.stride && g.kernel.w == 2 && g.dilation == Int2(1);
}

void max_of_whole(const PoolGeometry& g, const float* x, float* y, uint8_t* cell) {
  for_each_rows(g, [&](int64_t plane, int64_t begin, int64_t end) {
    const int64_t to = (plane * g.y_size.h + begin) * g.y_size.w;
    HWY_DYNAMIC_DISPATCH(max_rows)
    (g, x + (plane * g.x_size.h + begin * g.stride.h) * g.x_size.w, y + to, cell + to, end - begin);
  });
}

void max_input_of_pairs(const PoolGeometry& g, const float* dy, const uint8_t* cell, float* dx) {
  const int64_t rest = g.x_size.h - g.y_size.h * g.stride.h;
  for_each_rows(g, [&](int64_t plane, int64_t begin, int64_t end) {
    const int64_t from = (plane * g.y_size.h + begin) * g.y_size.w;
    float* to = dx + (plane * g.x_size.h + begin * g.stride.h) * g.x_size.w;
    HWY_DYNAMIC_DISPATCH(max_input_rows)(g, dy + from, cell + from, to, end - begin);
    if (end == g.y_size.h)
      std::fill_n(to + (end - begin) * g.stride.h * g.x_size.w, rest * g.x_size.w, 0.0f);
  });
}

}  // namespace taper::kernels

#endif
