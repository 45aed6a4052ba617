// Squares of a matrix turned in registers, for Highway's targets. Included once a target.

#if defined(TAPER_TURN_SQUARE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPER_TURN_SQUARE_INL_H_
#undef TAPER_TURN_SQUARE_INL_H_
#else
#define TAPER_TURN_SQUARE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Elements of T in a 128-bit vector; 1 where there is none that turns them.
template <class T>
constexpr int64_t square_side() {
  return sizeof(T) < 4 || HWY_TARGET == HWY_SCALAR ? 1 : 16 / int64_t(sizeof(T));
}

#if HWY_TARGET != HWY_SCALAR
/// to[k * to_step + j] = from[j * step + k], for j and k below square_side.
HWY_INLINE void turn_square(const uint64_t* from, int64_t step, uint64_t* to, int64_t to_step) {
  const hn::Full128<uint64_t> d;
  auto x0 = hn::LoadU(d, from), x1 = hn::LoadU(d, from + step);
  hn::StoreU(hn::InterleaveLower(d, x0, x1), d, to);
  hn::StoreU(hn::InterleaveUpper(d, x0, x1), d, to + to_step);
}

HWY_INLINE void turn_square(const uint32_t* from, int64_t step, uint32_t* to, int64_t to_step) {
  const hn::Full128<uint32_t> d;
  const hn::Full128<uint64_t> pairs;
  auto x0 = hn::LoadU(d, from), x1 = hn::LoadU(d, from + step);
  auto x2 = hn::LoadU(d, from + 2 * step), x3 = hn::LoadU(d, from + 3 * step);
  auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, x0, x1));
  auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, x2, x3));
  auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, x0, x1));
  auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, x2, x3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + to_step);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 2 * to_step);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 3 * to_step);
}
#endif

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
