#include "autograd/kernels/vector_map.h"

#include "autograd/kernels/pointwise.h"

// These gain nothing over SSE2 and AVX3.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/vector_map.cpp"
#include <hwy/foreach_target.h>

#include "autograd/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// The vectors at i; the last ones, of n, filled up with ones.
template <class D, class T>
HWY_INLINE hn::Vec<D> load(D d, const T* x, int64_t i, int64_t n) {
  if (i + int64_t(hn::Lanes(d)) <= n) return hn::LoadU(d, x + i);
  HWY_ALIGN T last[hn::MaxLanes(D())];
  for (int64_t k = 0; k < int64_t(hn::Lanes(d)); ++k) last[k] = i + k < n ? x[i + k] : T(1);
  return hn::Load(d, last);
}

template <class D, class V, class T>
HWY_INLINE void store(D d, V v, T* y, int64_t i, int64_t n) {
  if (i + int64_t(hn::Lanes(d)) <= n) return hn::StoreU(v, d, y + i);
  HWY_ALIGN T last[hn::MaxLanes(D())];
  hn::Store(v, d, last);
  for (int64_t k = 0; i + k < n; ++k) y[i + k] = last[k];
}

/// y[i] = f(x[i])
template <class T, class F>
HWY_INLINE void loop(const T* x, T* y, int64_t n, F f) {
  const hn::ScalableTag<T> d;
  for (int64_t i = 0; i < n; i += int64_t(hn::Lanes(d))) store(d, f(d, load(d, x, i, n)), y, i, n);
}

/// y[i] = f(a[i], b[i])
template <class T, class F>
HWY_INLINE void loop(const T* a, const T* b, T* y, int64_t n, F f) {
  const hn::ScalableTag<T> d;
  for (int64_t i = 0; i < n; i += int64_t(hn::Lanes(d)))
    store(d, f(d, load(d, a, i, n), load(d, b, i, n)), y, i, n);
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
    return loop(x, y, n, [](auto d, auto v) HWY_ATTR { return static_cast<void>(d), expression; });

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
        loop(x, y, n, [](auto d, auto v) HWY_ATTR { return hn::Mul(v, normal(d, v).below); });
      return;
    case VectorForm::gelu_input:
      if constexpr (sizeof(T) == 4)
        loop(x, static_cast<const T*>(operands[1]), y, n,
             [](auto d, auto dy, auto v) HWY_ATTR { return hn::Mul(dy, gelu_slope(d, v)); });
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
  run_pointwise(loop, &f, Work::vector, y, x);
  return true;
}

}  // namespace taper::kernels
#endif
