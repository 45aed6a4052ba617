#include "autograd/kernels/vector_map.h"

#include "autograd/kernels/parallel.h"

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

/// y[i] = f(a[i], b[i]); an operand of one number stands for all.
template <class T, class F>
HWY_INLINE void loop(const T* a, bool one_a, const T* b, bool one_b, T* y, int64_t n, F f) {
  const hn::ScalableTag<T> d;
  const auto all_a = hn::Set(d, one_a ? *a : T(0)), all_b = hn::Set(d, one_b ? *b : T(0));
  for (int64_t i = 0; i < n; i += int64_t(hn::Lanes(d))) {
    auto va = one_a ? all_a : load(d, a, i, n), vb = one_b ? all_b : load(d, b, i, n);
    store(d, f(va, vb), y, i, n);
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
  case VectorUnary::name:      \
    return loop(x, y, n, [](auto d, auto v) HWY_ATTR { return static_cast<void>(d), expression; });

template <class T>
void unary(VectorUnary f, const T* x, T* y, int64_t n) {
  switch (f) {
    CASE(neg, hn::Neg(v))
    CASE(abs, hn::Abs(v))
    CASE(square, hn::Mul(v, v))
    CASE(sqrt, hn::Sqrt(v))
    CASE(relu, hn::IfThenElse(hn::Lt(v, hn::Zero(d)), hn::Zero(d), v))
    CASE(exp, exp(d, v))
    CASE(log, log(d, v))
    CASE(sigmoid, sigmoid(d, v))
    CASE(tanh, hn::Tanh(d, v))
    CASE(erf, erf(d, v))
    case VectorUnary::gelu:
      if constexpr (sizeof(T) == 4)
        loop(x, y, n, [](auto d, auto v) HWY_ATTR { return hn::Mul(v, normal(d, v).below); });
  }
}
#undef CASE

template <class T>
void binary(VectorBinary f, const T* a, bool one_a, const T* b, bool one_b, T* y, int64_t n) {
  auto run = [&](auto g) HWY_ATTR { loop(a, one_a, b, one_b, y, n, g); };
  switch (f) {
    case VectorBinary::add: return run([](auto p, auto q) HWY_ATTR { return hn::Add(p, q); });
    case VectorBinary::sub: return run([](auto p, auto q) HWY_ATTR { return hn::Sub(p, q); });
    case VectorBinary::mul: return run([](auto p, auto q) HWY_ATTR { return hn::Mul(p, q); });
    case VectorBinary::div: return run([](auto p, auto q) HWY_ATTR { return hn::Div(p, q); });
    case VectorBinary::gelu_input:
      if constexpr (sizeof(T) == 4)
        run([](auto dy, auto x)
                HWY_ATTR { return hn::Mul(dy, gelu_slope(hn::ScalableTag<float>(), x)); });
  }
}

void unary_f32(VectorUnary f, const void* x, void* y, int64_t n) {
  unary(f, static_cast<const float*>(x), static_cast<float*>(y), n);
}
void unary_f64(VectorUnary f, const void* x, void* y, int64_t n) {
  unary(f, static_cast<const double*>(x), static_cast<double*>(y), n);
}
void binary_f32(VectorBinary f, const void* a, bool one_a, const void* b, bool one_b, void* y,
                int64_t n) {
  binary(f, static_cast<const float*>(a), one_a, static_cast<const float*>(b), one_b,
         static_cast<float*>(y), n);
}
void binary_f64(VectorBinary f, const void* a, bool one_a, const void* b, bool one_b, void* y,
                int64_t n) {
  binary(f, static_cast<const double*>(a), one_a, static_cast<const double*>(b), one_b,
         static_cast<double*>(y), n);
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(unary_f32);
HWY_EXPORT(unary_f64);
HWY_EXPORT(binary_f32);
HWY_EXPORT(binary_f64);

namespace {

/// How many elements outweigh the start of a second thread: what costs more has fewer.
int64_t grain(bool costly) { return costly ? parallel_grain / 8 : parallel_grain; }

std::byte* at(const Buffer& b, int64_t i) {
  return b.as<std::byte>() + i * int64_t(info(b.dtype).size);
}

bool is_operand(const Buffer& x, const Buffer& y) {
  return x.dtype == y.dtype && x.contiguous && x.numel == y.numel;
}

}  // namespace

bool vector_map(VectorUnary f, const Buffer& x, const Buffer& y) {
  if (!is_floating_point(y.dtype) || !y.contiguous || !is_operand(x, y)) return false;
  if (f == VectorUnary::gelu && y.dtype != float32) return false;
  auto run = y.dtype == float32 ? HWY_DYNAMIC_DISPATCH(unary_f32) : HWY_DYNAMIC_DISPATCH(unary_f64);
  parallel_for(y.numel, grain(f >= VectorUnary::exp), [&](int64_t begin, int64_t end) {
    run(f, at(x, begin), at(y, begin), end - begin);
  });
  return true;
}

bool vector_map(VectorBinary f, const Buffer& a, const Buffer& b, const Buffer& y) {
  if (!is_floating_point(y.dtype) || !y.contiguous) return false;
  bool one_a = a.numel == 1 && a.dtype == y.dtype, one_b = b.numel == 1 && b.dtype == y.dtype;
  if (!(one_a || is_operand(a, y)) || !(one_b || is_operand(b, y))) return false;
  if (f == VectorBinary::gelu_input && y.dtype != float32) return false;
  auto run =
      y.dtype == float32 ? HWY_DYNAMIC_DISPATCH(binary_f32) : HWY_DYNAMIC_DISPATCH(binary_f64);
  parallel_for(y.numel, grain(f >= VectorBinary::gelu_input), [&](int64_t begin, int64_t end) {
    run(f, one_a ? a.data : static_cast<const void*>(at(a, begin)), one_a,
        one_b ? b.data : at(b, begin), one_b, at(y, begin), end - begin);
  });
  return true;
}

}  // namespace taper::kernels
#endif
