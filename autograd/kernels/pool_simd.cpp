#include "autograd/kernels/pool_simd.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/pool_simd.cpp"
#include <hwy/foreach_target.h>

#include "autograd/kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

using D = hn::CappedTag<float, 16>;
using Bytes = hn::Rebind<uint8_t, D>;
using Ints = hn::Rebind<int32_t, D>;

void max_of(PoolTaps taps, const float* x, const float* first, float* y, uint8_t* cell, int64_t n) {
  const D d;
  const auto lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  const size_t start = first ? 0 : 1;
  for (int64_t p = 0; p < n; p += int64_t(hn::Lanes(d))) {
    auto best = first ? lowest : hn::LoadU(d, x + p + taps[0].offset);
    auto at = first ? hn::LoadU(d, first + p) : hn::Set(d, taps[0].cell);
    for (size_t t = start; t < taps.size(); ++t) {
      auto v = hn::LoadU(d, x + p + taps[t].offset);
      auto better = hn::Or(hn::Gt(v, best), hn::IsNaN(v));
      best = hn::IfThenElse(better, v, best);
      at = hn::IfThenElse(better, hn::Set(d, taps[t].cell), at);
    }
    hn::StoreU(best, d, y + p);
    hn::StoreU(hn::DemoteTo(Bytes(), hn::ConvertTo(Ints(), at)), Bytes(), cell + p);
  }
}

void sum_of(PoolTaps taps, const float* x, float* y, int64_t n) {
  const D d;
  for (int64_t p = 0; p < n; p += int64_t(hn::Lanes(d))) {
    auto sum = hn::LoadU(d, x + p + taps[0].offset);
    for (size_t t = 1; t < taps.size(); ++t)
      sum = hn::Add(sum, hn::LoadU(d, x + p + taps[t].offset));
    hn::StoreU(sum, d, y + p);
  }
}

void windows(PoolTaps taps, const float* dy, const float* cell, float* dx, int64_t n) {
  const D d;
  for (int64_t p = 0; p < n; p += int64_t(hn::Lanes(d))) {
    auto sum = hn::Zero(d);
    for (const PoolTap& tap : taps) {
      auto v = hn::LoadU(d, dy + p - tap.offset);
      if (cell) {
        auto taken = hn::Eq(hn::LoadU(d, cell + p - tap.offset), hn::Set(d, tap.cell));
        v = hn::IfThenElseZero(taken, v);
      }
      sum = hn::Add(sum, v);
    }
    hn::StoreU(sum, d, dx + p);
  }
}

void divided(float* y, const float* by, int64_t n) {
  const D d;
  for (int64_t p = 0; p < n; p += int64_t(hn::Lanes(d)))
    hn::StoreU(hn::Div(hn::LoadU(d, y + p), hn::LoadU(d, by + p)), d, y + p);
}

/// cover of lanes-inl.h for any n: g(i) for each element of what is narrower than any vector.
template <class F, class G>
HWY_INLINE void cover(int64_t n, F f, G g) {
  if (n >= 4) return cover(n, f);
  for (int64_t i = 0; i < n; ++i) g(i);
}

/// A vector of every second element from `from` on; one before it is readable if `before`, else one
/// after.
template <class Tag>
HWY_INLINE void take_halves(Tag d, const float* from, bool before, float* to) {
#if HWY_TARGET == HWY_SCALAR
  static_cast<void>(before);
  hn::StoreU(hn::LoadU(d, from), d, to);
#else
  from -= int64_t(before);
  auto low = hn::LoadU(d, from), high = hn::LoadU(d, from + hn::Lanes(d));
  hn::StoreU(before ? hn::ConcatOdd(d, high, low) : hn::ConcatEven(d, high, low), d, to);
#endif
}

void take(const float* from, int64_t step, int64_t more, bool before, float* to, PoolRows r) {
  int64_t in_vectors = step == 1 ? r.n : step != 2 ? 0 : before ? r.n : std::min(r.n, more / 2);
  for (int64_t row = 0; row < r.rows; ++row, from += r.from_row, to += r.to_row) {
    auto copy = [=](auto d, int64_t i) HWY_ATTR {
      if (step == 1) return hn::StoreU(hn::LoadU(d, from + i), d, to + i);
      take_halves(d, from + 2 * i, before, to + i);
    };
    cover(in_vectors, copy, [=](int64_t i) HWY_ATTR { to[i] = from[i * step]; });
    for (int64_t i = in_vectors; i < r.n; ++i) to[i] = from[i * step];
  }
}

void widen(const uint8_t* from, float* to, PoolRows r) {
  for (int64_t row = 0; row < r.rows; ++row, from += r.from_row, to += r.to_row)
    cover(
        r.n,
        [=](auto d, int64_t i) HWY_ATTR {
          auto bytes = hn::LoadU(hn::Rebind<uint8_t, decltype(d)>(), from + i);
          auto ints = hn::PromoteTo(hn::Rebind<int32_t, decltype(d)>(), bytes);
          hn::StoreU(hn::ConvertTo(d, ints), d, to + i);
        },
        [=](int64_t i) HWY_ATTR { to[i] = from[i]; });
}

void interleave(const float* even, const float* odd, float* to, PoolRows r) {
  for (int64_t row = 0; row < r.rows; ++row) {
    cover(
        r.n,
        [=](auto d, int64_t i) HWY_ATTR {
          hn::StoreInterleaved2(hn::LoadU(d, even + i), hn::LoadU(d, odd + i), d, to + 2 * i);
        },
        [=](int64_t i) HWY_ATTR {
          to[2 * i] = even[i];
          to[2 * i + 1] = odd[i];
        });
    even += r.from_row;
    odd += r.from_row;
    to += r.to_row;
  }
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace taper::kernels {

HWY_EXPORT(max_of);
HWY_EXPORT(sum_of);
HWY_EXPORT(windows);
HWY_EXPORT(divided);
HWY_EXPORT(take);
HWY_EXPORT(widen);
HWY_EXPORT(interleave);

void max_over_taps(PoolTaps taps, const float* x, const float* first, float* y, uint8_t* cell,
                   int64_t n) {
  HWY_DYNAMIC_DISPATCH(max_of)(taps, x, first, y, cell, n);
}

void sum_over_taps(PoolTaps taps, const float* x, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(sum_of)(taps, x, y, n);
}

void sum_of_windows(PoolTaps taps, const float* dy, const float* cell, float* dx, int64_t n) {
  HWY_DYNAMIC_DISPATCH(windows)(taps, dy, cell, dx, n);
}

void divide(float* y, const float* by, int64_t n) { HWY_DYNAMIC_DISPATCH(divided)(y, by, n); }

void take_columns(const float* from, int64_t step, int64_t more, bool before, float* to,
                  PoolRows r) {
  HWY_DYNAMIC_DISPATCH(take)(from, step, more, before, to, r);
}

void widen_bytes(const uint8_t* from, float* to, PoolRows r) {
  HWY_DYNAMIC_DISPATCH(widen)(from, to, r);
}

void interleave_columns(const float* even, const float* odd, float* to, PoolRows r) {
  HWY_DYNAMIC_DISPATCH(interleave)(even, odd, to, r);
}

}  // namespace taper::kernels

#endif
