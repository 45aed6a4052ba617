#include <cmath>

#include "autograd/kernels/optimizer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/optimizer_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls step(d, i) for vectors of the widest d, then for single elements.
template <class T, class F>
HWY_INLINE void each_vector(int64_t n, const F& step) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  int64_t i = 0;
  for (; i + int64_t(hn::Lanes(d)) <= n; i += int64_t(hn::Lanes(d))) step(d, i);
  for (; i < n; ++i) step(one, i);
}

template <class T>
HWY_INLINE void sgd_run(const StepRun<T, 3>& r, const SgdFactors& f) {
  T *x = r.at[0], *grad = r.at[1], *buffer = r.at[2];
  const T lr = T(f.lr), momentum = T(f.momentum), gain = T(f.gain), decay = T(f.weight_decay);
  const bool nesterov = f.nesterov;
  each_vector<T>(r.n, [=](auto d, int64_t i) HWY_ATTR {
    auto value = hn::LoadU(d, x + i), g = hn::LoadU(d, grad + i);
    if (decay != 0) g = hn::MulAdd(hn::Set(d, decay), value, g);  // 0 * inf is NaN
    if (buffer) {
      auto old = hn::Mul(hn::Set(d, momentum), hn::LoadU(d, buffer + i));
      auto m = hn::MulAdd(hn::Set(d, gain), g, old);
      hn::StoreU(m, d, buffer + i);
      g = nesterov ? hn::MulAdd(hn::Set(d, momentum), m, g) : m;
    }
    hn::StoreU(hn::NegMulAdd(hn::Set(d, lr), g, value), d, x + i);
  });
}

template <class T>
HWY_INLINE void adam_run(const StepRun<T, 5>& r, const AdamFactors& f) {
  T *x = r.at[0], *grad = r.at[1], *avg = r.at[2], *sq = r.at[3], *max = r.at[4];
  const T shrink = T(f.decoupled ? 1 - f.lr * f.weight_decay : 1);
  const T decay = T(f.decoupled ? 0 : f.weight_decay), eps = T(f.eps), beta2 = T(f.beta2);
  const T rest1 = T(1 - f.beta1), rest2 = T(1 - f.beta2);
  const T size = T(f.lr / f.correction1), scale = T(1 / std::sqrt(f.correction2));
  each_vector<T>(r.n, [=](auto d, int64_t i) HWY_ATTR {
    auto value = hn::LoadU(d, x + i), g = hn::LoadU(d, grad + i), m = hn::LoadU(d, avg + i);
    if (decay != 0) g = hn::MulAdd(hn::Set(d, decay), value, g);
    m = hn::MulAdd(hn::Set(d, rest1), hn::Sub(g, m), m);
    auto kept = hn::Mul(hn::Set(d, beta2), hn::LoadU(d, sq + i));
    auto v = hn::MulAdd(hn::Mul(hn::Set(d, rest2), g), g, kept);
    hn::StoreU(m, d, avg + i);
    hn::StoreU(v, d, sq + i);
    if (max) {
      auto largest = hn::LoadU(d, max + i);
      v = hn::IfThenElse(hn::Or(hn::Lt(largest, v), hn::IsNaN(v)), v, largest);
      hn::StoreU(v, d, max + i);
    }
    auto root = hn::MulAdd(hn::Sqrt(v), hn::Set(d, scale), hn::Set(d, eps));
    auto step = hn::Div(hn::Mul(hn::Set(d, size), m), root);
    hn::StoreU(hn::MulSub(hn::Set(d, shrink), value, step), d, x + i);
  });
}

void sgd_f32(const StepRun<float, 3>& r, const SgdFactors& f) { sgd_run(r, f); }
void sgd_f64(const StepRun<double, 3>& r, const SgdFactors& f) { sgd_run(r, f); }
void adam_f32(const StepRun<float, 5>& r, const AdamFactors& f) { adam_run(r, f); }
void adam_f64(const StepRun<double, 5>& r, const AdamFactors& f) { adam_run(r, f); }

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace taper::kernels {

HWY_EXPORT(sgd_f32);
HWY_EXPORT(sgd_f64);
HWY_EXPORT(adam_f32);
HWY_EXPORT(adam_f64);

void sgd_step(const StepRun<float, 3>& run, const SgdFactors& f) {
  HWY_DYNAMIC_DISPATCH(sgd_f32)(run, f);
}
void sgd_step(const StepRun<double, 3>& run, const SgdFactors& f) {
  HWY_DYNAMIC_DISPATCH(sgd_f64)(run, f);
}
void adam_step(const StepRun<float, 5>& run, const AdamFactors& f) {
  HWY_DYNAMIC_DISPATCH(adam_f32)(run, f);
}
void adam_step(const StepRun<double, 5>& run, const AdamFactors& f) {
  HWY_DYNAMIC_DISPATCH(adam_f64)(run, f);
}

}  // namespace taper::kernels

#endif
