// Loops over vectors and sums of them, for Highway's targets. Included once a target.

#if defined(TAPER_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPER_LANES_INL_H_
#undef TAPER_LANES_INL_H_
#else
#define TAPER_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The vector at p, of which `count` elements are there and the others `fill`.
template <class D, class T>
HWY_INLINE hn::Vec<D> load_part(D d, const T* p, int64_t count, T fill = 0) {
  if (count >= int64_t(hn::Lanes(d))) return hn::LoadU(d, p);
#if HWY_TARGET <= HWY_AVX2  // touches what is there alone
  const auto there = hn::FirstN(d, size_t(count));
  return hn::IfThenElse(there, hn::MaskedLoad(there, d, p), hn::Set(d, fill));
#else
  HWY_ALIGN T last[hn::MaxLanes(D())];
  for (int64_t k = 0; k < int64_t(hn::Lanes(d)); ++k) last[k] = k < count ? p[k] : fill;
  return hn::Load(d, last);
#endif
}
template <class D, class V, class T>
HWY_INLINE void store_part(D d, V v, T* p, int64_t count) {
  if (count >= int64_t(hn::Lanes(d))) return hn::StoreU(v, d, p);
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(v, hn::FirstN(d, size_t(count)), d, p);
#else
  HWY_ALIGN T last[hn::MaxLanes(D())];
  hn::Store(v, d, last);
  std::copy_n(last, count, p);
#endif
}

/// Sums in double, one for each lane of vectors of T.
template <class T>
class LaneSums {
  using D = hn::ScalableTag<T>;
  using Wide = hn::ScalableTag<double>;
  static constexpr bool halves = sizeof(T) == 4 && HWY_TARGET != HWY_SCALAR;

 public:
  HWY_INLINE LaneSums() : low_(hn::Zero(Wide())), high_(low_) {}
  HWY_INLINE void add(hn::Vec<D> v) {
    if constexpr (sizeof(T) == 8) {
      low_ = hn::Add(low_, v);
    } else {
#if HWY_TARGET == HWY_SCALAR
      low_ = hn::Add(low_, hn::PromoteTo(Wide(), v));
#else
      const hn::Half<D> half;
      low_ = hn::Add(low_, hn::PromoteTo(Wide(), hn::LowerHalf(half, v)));
      high_ = hn::Add(high_, hn::PromoteTo(Wide(), hn::UpperHalf(half, v)));
#endif
    }
  }
  HWY_INLINE double total() const {
    return hn::GetLane(hn::SumOfLanes(Wide(), halves ? hn::Add(low_, high_) : low_));
  }
  /// As many sums as vectors of T have lanes.
  HWY_INLINE void store(double* sums) const {
    hn::StoreU(low_, Wide(), sums);
    if (halves) hn::StoreU(high_, Wide(), sums + hn::Lanes(Wide()));
  }

 private:
  hn::Vec<Wide> low_, high_;
};

/// Calls f(d, i) for vectors of floats that cover [0, n), n >= 4: the widest that fit, of 16 at
/// most, the last one overlapping.
template <class F>
HWY_INLINE void cover(int64_t n, F f) {
  auto with = [&](auto d) HWY_ATTR {
    const int64_t lanes = int64_t(hn::Lanes(d));
    for (int64_t i = 0; i + lanes <= n; i += lanes) f(d, i);
    if (n % lanes) f(d, n - lanes);
  };
  if (n >= 16) return with(hn::CappedTag<float, 16>());
  if (n >= 8) return with(hn::CappedTag<float, 8>());
  with(hn::CappedTag<float, 4>());
}

/// Calls f(first element, how many from there on) for each vector of n elements, the last one
/// perhaps not full.
template <class T, class F>
HWY_INLINE void for_each_vector(int64_t n, const F& f) {
  const int64_t lanes = int64_t(hn::Lanes(hn::ScalableTag<T>()));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) f(i, lanes);
  if (i < n) f(i, n - i);
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
