#include "autograd/kernels/vector_map.h"

#include "autograd/kernels/pointwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/vector_map.cpp"
#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>

#include "autograd/kernels/lanes-inl.h"
#include "autograd/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// y[i] = f(x[i], ..), the last vector filled up with ones. f stands here once, to be inlined. It
/// takes so long that the CPU does not look far ahead by itself.
template <class T, class F, class... X>
HWY_INLINE void loop(T* y, int64_t n, F f, const X*... x) {
  const hn::ScalableTag<T> d;
  constexpr int64_t ahead = 2048 / sizeof(T);
  for (int64_t i = 0; i < n; i += int64_t(hn::Lanes(d))) {
    (hwy::Prefetch(x + i + ahead), ...);
    store_part(d, f(d, load_part(d, x + i, n - i, T(1))...), y + i, n - i);
  }
}

template <class D, class V>
HWY_INLINE V gelu_slope(D d, V x) {
  Normal<V> at = normal(d, x);
  V rise = hn::Mul(x, at.density);
  V flat = hn::IfThenElse(hn::Gt(hn::Abs(x), hn::Set(d, 32.0f)), hn::Zero(d), rise);
  return hn::Add(flat, at.below);
}

#define CASE(name, expression) \
  case VectorForm::name:       \
    return loop(               \
        y, n, [](auto d, auto v) HWY_ATTR { return static_cast<void>(d), expression; }, x);

template <class T>
void run(VectorForm f, T* y, const void* const* operands, int64_t n) {
  auto x = static_cast<const T*>(operands[0]);
  switch (f) {
    CASE(sqrt, hn::Sqrt(v))
    CASE(exp, exp(d, v))
    CASE(log, log(d, v))
    CASE(sigmoid, sigmoid(d, v))
    CASE(tanh, tanh(d, v))
    CASE(erf, erf(d, v))
    case VectorForm::gelu:
      if constexpr (sizeof(T) == 4)
        loop(
            y, n, [](auto d, auto v) HWY_ATTR { return hn::Mul(v, normal(d, v).below); }, x);
      return;
    case VectorForm::gelu_input:
      if constexpr (sizeof(T) == 4)
        loop(
            y, n, [](auto d, auto dy, auto v) HWY_ATTR { return hn::Mul(dy, gelu_slope(d, v)); }, x,
            static_cast<const T*>(operands[1]));
  }
}
#undef CASE

void run_f32(const void* f, void* y, const void* const* x, int64_t n) {
  run(*static_cast<const VectorForm*>(f), static_cast<float*>(y), x, n);
}
void run_f64(const void* f, void* y, const void* const* x, int64_t n) {
  run(*static_cast<const VectorForm*>(f), static_cast<double*>(y), x, n);
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(run_f32);
HWY_EXPORT(run_f64);

bool vector_map(VectorForm f, const Buffer& y, std::initializer_list<const Buffer*> x) {
  bool in_float_alone = f == VectorForm::gelu || f == VectorForm::gelu_input;
  if (!is_floating_point(y.dtype) || (in_float_alone && y.dtype != float32)) return false;
  for (const Buffer* b : x)
    if (b->dtype != y.dtype) return false;
  PackedLoop loop =
      y.dtype == float32 ? HWY_DYNAMIC_DISPATCH(run_f32) : HWY_DYNAMIC_DISPATCH(run_f64);
  run_pointwise(loop, &f, Work::vectors, y, x);
  return true;
}

}  // namespace taper::kernels
#endif
