#include "autograd/kernels/adam.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/adam_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The elements from i on that are whole vectors of d; returns where they end.
template <class D, class T>
HWY_INLINE int64_t run_from(D d, int64_t i, const AdamRun<T>& r, int64_t n,
                            const AdamValues<T>& f) {
  const auto shrink = hn::Set(d, f.shrink), decay = hn::Set(d, f.decay), eps = hn::Set(d, f.eps);
  const auto beta2 = hn::Set(d, f.beta2), rest1 = hn::Set(d, f.rest1), rest2 = hn::Set(d, f.rest2);
  const auto size = hn::Set(d, f.size), scale = hn::Set(d, f.scale);
  const int64_t lanes = int64_t(hn::Lanes(d));
  for (; i + lanes <= n; i += lanes) {
    auto x = hn::LoadU(d, r.x + i), avg = hn::LoadU(d, r.avg + i);
    auto g = hn::MulAdd(decay, x, hn::LoadU(d, r.grad + i));
    avg = hn::MulAdd(rest1, hn::Sub(g, avg), avg);
    auto sq = hn::MulAdd(hn::Mul(rest2, g), g, hn::Mul(beta2, hn::LoadU(d, r.sq + i)));
    hn::StoreU(avg, d, r.avg + i);
    hn::StoreU(sq, d, r.sq + i);
    if (r.max) {
      auto max = hn::LoadU(d, r.max + i);
      sq = hn::IfThenElse(hn::Or(hn::Lt(max, sq), hn::IsNaN(sq)), sq, max);
      hn::StoreU(sq, d, r.max + i);
    }
    auto step = hn::Div(hn::Mul(size, avg), hn::MulAdd(hn::Sqrt(sq), scale, eps));
    hn::StoreU(hn::MulSub(shrink, x, step), d, r.x + i);
  }
  return i;
}

template <class T>
HWY_INLINE void run_all(const AdamRun<T>& r, int64_t n, const AdamValues<T>& f) {
  int64_t i = run_from(hn::ScalableTag<T>(), 0, r, n, f);
  run_from(hn::CappedTag<T, 1>(), i, r, n, f);
}

void adam_f32(const AdamRun<float>& r, int64_t n, const AdamValues<float>& f) { run_all(r, n, f); }
void adam_f64(const AdamRun<double>& r, int64_t n, const AdamValues<double>& f) {
  run_all(r, n, f);
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace taper::kernels {

HWY_EXPORT(adam_f32);
HWY_EXPORT(adam_f64);

template <>
void adam_packed(const AdamRun<float>& r, int64_t n, const AdamValues<float>& f) {
  HWY_DYNAMIC_DISPATCH(adam_f32)(r, n, f);
}
template <>
void adam_packed(const AdamRun<double>& r, int64_t n, const AdamValues<double>& f) {
  HWY_DYNAMIC_DISPATCH(adam_f64)(r, n, f);
}

}  // namespace taper::kernels

#endif
