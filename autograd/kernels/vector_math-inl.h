// Functions of vectors for Highway's targets, beside those of hwy/contrib/math. Included once a
// target.

#if defined(TAPER_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPER_VECTOR_MATH_INL_H_
#undef TAPER_VECTOR_MATH_INL_H_
#else
#define TAPER_VECTOR_MATH_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// c[0] + c[1] t + .. + c[N - 1] t^(N - 1)
template <class D, class V, size_t N>
HWY_INLINE V polynomial(D d, V t, const float (&c)[N]) {
  V sum = hn::Set(d, c[N - 1]);
  for (size_t i = N - 1; i-- > 0;) sum = hn::MulAdd(sum, t, hn::Set(d, c[i]));
  return sum;
}

/// The smaller of the limit and x; NaN stays NaN.
template <class D, class V>
HWY_INLINE V at_most([[maybe_unused]] D d, V limit, V x) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4  // gives the second where they do not compare
  return hn::Min(limit, x);
#else
  return hn::IfThenElse(hn::Gt(x, limit), limit, x);
#endif
}

/// a / b within 1 ulp for floats b whose reciprocal is no extreme: where products are fused,
/// Newton's steps keep more units busy than the divider. Of 16 lanes the reciprocal comes with 14
/// bits, which one step makes as good as float's; of fewer with 12.
template <class D, class V>
HWY_INLINE V quotient([[maybe_unused]] D d, V a, V b) {
#if HWY_NATIVE_FMA
  V r = hn::ApproximateReciprocal(b);
  if constexpr (HWY_TARGET > HWY_AVX3 || hn::MaxLanes(D()) < 16)
    r = hn::MulAdd(r, hn::NegMulAdd(b, r, hn::Set(d, 1.0f)), r);
  V q = hn::Mul(a, r);
  return hn::MulAdd(r, hn::NegMulAdd(b, q, a), q);
#else
  return hn::Div(a, b);
#endif
}

/// x P(x^2) / Q(x^2) of x within [-limit, limit], where the function is 1 to float's precision
/// beyond.
template <class D, class V, size_t N, size_t M>
HWY_INLINE V odd_rational(D d, V x, float limit, const float (&p)[N], const float (&q)[M]) {
  V bound = hn::Set(d, limit), a = at_most(d, bound, hn::Abs(x));
  V t = hn::Mul(a, a);
  V y = quotient(d, hn::Mul(a, polynomial(d, t, p)), polynomial(d, t, q));
  return hn::CopySignToAbs(hn::IfThenElse(hn::Ge(a, bound), hn::Set(d, 1.0f), y), x);
}

/// One element after the other, where there is no vector form.
template <class D, class V, class F>
HWY_INLINE V each_lane(D d, V x, F f) {
  HWY_ALIGN hn::TFromD<D> lanes[hn::MaxLanes(D())];
  hn::Store(x, d, lanes);
  for (size_t i = 0; i < hn::Lanes(d); ++i) lanes[i] = f(lanes[i]);
  return hn::Load(d, lanes);
}

/// The error function; floats within 7 ulp, doubles as std::erf. The rational is a minimax fit of
/// erf(x) / x in x^2 (Lawson's iteration on 160 Chebyshev points), of relative error 1.9e-8.
template <class D, class V>
HWY_INLINE V erf(D d, V x) {
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    constexpr float p[] = {1.12837914594f,    0.190746350976f,    0.0527847080506f,
                           0.00377783641393f, 0.000284741607035f, 2.04190323462e-6f};
    constexpr float q[] = {1.0f,
                           0.502377281816f,
                           0.114241469865f,
                           0.0149939018221f,
                           0.00116473253532f,
                           3.79998685756e-5f};
    return odd_rational(d, x, 3.93f, p, q);
  } else {
    return each_lane(d, x, [](double v) { return std::erf(v); });
  }
}

/// log, within 1 ulp; of 0 -infinity, of less NaN.
template <class D, class V>
HWY_INLINE V log(D d, V x) {
  V y = hn::Log(d, x), zero = hn::Zero(d);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(hn::Inf(d)), y);
  y = hn::IfThenElse(hn::Eq(x, hn::Inf(d)), x, y);
  return hn::IfThenElse(hn::Ge(x, zero), y, hn::NaN(d));
}

/// exp, within 1 ulp; NaN stays NaN, beyond the range 0 and infinity.
template <class D, class V>
HWY_INLINE V exp(D d, V x) {
  using T = hn::TFromD<D>;
  const T top = sizeof(T) == 4 ? T(88.72283) : T(709.782712893384);
  V y = hn::Exp(d, hn::Min(x, hn::Set(d, top)));
  y = hn::IfThenElse(hn::Gt(x, hn::Set(d, top)), hn::Inf(d), y);
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

/// exp(x) = power (1 + rest).
template <class V>
struct Exponential {
  V power, rest;
};

/// Of floats x from -87.3365, below which the exponential is denormal, to 88.3; NaN leaves NaN in
/// the rest. n log(2) is taken from x, in two parts, and power is 2^n; what is left, r, gives the
/// rest r + r^2 S(r), S a minimax fit of relative error 1.6e-8.
template <class D, class V>
HWY_INLINE Exponential<V> exponential(D d, V x) {
  constexpr float c[] = {0.5f, 0.166665435f, 0.0416664183f, 0.00836657081f, 0.00139394333f};
  // Added to n, it leaves in the last bits what is 2^n once they are the exponent.
  V shift = hn::Set(d, 0x1.8p23f + 127);
  V shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), shift), n = hn::Sub(shifted, shift);
  const hn::RebindToUnsigned<D> du;
  V power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(du, shifted)));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
  r = hn::MulAdd(n, hn::Set(d, 2.12194440e-4f), r);
  return {power, hn::MulAdd(hn::Mul(r, r), polynomial(d, r, c), r)};
}

/// exp(-a) of floats a >= 0, within 1 ulp; 0 where it would be denormal.
template <class D, class V>
HWY_INLINE V exp_of_minus(D d, V a) {
  V most = hn::Set(d, 87.3365f);
  auto [power, rest] = exponential(d, hn::Neg(at_most(d, most, a)));
  return hn::IfThenZeroElse(hn::Gt(a, most), hn::MulAdd(power, rest, power));
}

/// tanh; floats within 3 ulp: t / (t + 2) of t = exp(2 |x|) - 1. From 9.02 on it is 1 to float's
/// precision.
template <class D, class V>
HWY_INLINE V tanh(D d, V x) {
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    V a = at_most(d, hn::Set(d, 9.02f), hn::Abs(x));
    auto [power, rest] = exponential(d, hn::Add(a, a));
    V t = hn::MulAdd(power, rest, hn::Sub(power, hn::Set(d, 1.0f)));
    return hn::CopySignToAbs(quotient(d, t, hn::Add(t, hn::Set(d, 2.0f))), x);
  } else {
    return hn::Tanh(d, x);
  }
}

/// Of a standard normal X in float: P(X <= x), which keeps its digits down to its tail, and the
/// density at x.
template <class V>
struct Normal {
  V below, density;
};

/// By Mills' ratio P(X > x) / density(x), a minimax fit in x to 14 of relative error 6e-9.
template <class D, class V>
HWY_INLINE Normal<V> normal(D d, V x) {
  constexpr float p[] = {1.25331414416f, 1.09608450152f, 0.457405280321f, 0.101212178721f,
                         0.0102227884152f};
  constexpr float q[] = {
      1.0f, 1.67243385329f, 1.1993612632f, 0.467472317753f, 0.101218977597f, 0.010222659933f};
  V a = at_most(d, hn::Set(d, 32.0f), hn::Abs(x));  // where the density is 0
  V density =
      hn::Mul(hn::Set(d, 0.39894228f), exp_of_minus(d, hn::Mul(hn::Set(d, 0.5f), hn::Mul(a, a))));
  V tail = hn::Mul(density, quotient(d, polynomial(d, a, p), polynomial(d, a, q)));
  V below = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(hn::Set(d, 1.0f), tail));
  return {below, density};
}

/// 1 / (1 + exp(-x)), within 3 ulp; of floats 0 where it would be denormal.
template <class D, class V>
HWY_INLINE V sigmoid(D d, V x) {
  V one = hn::Set(d, 1);
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    V e = exp_of_minus(d, hn::Abs(x));
    return quotient(d, hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
  } else {
    return hn::Div(one, hn::Add(one, exp(d, hn::Neg(x))));
  }
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
