#include "autograd/kernels/lstm_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/lstm_simd.cpp"
#include <hwy/foreach_target.h>

#include "autograd/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// Units k on of one row that are whole vectors of d; returns where they end.
template <class D, class T>
HWY_INLINE int64_t advance(D d, int64_t k, const LstmStep<T>& s, int64_t row) {
  const int64_t n = s.hidden, lanes = int64_t(hn::Lanes(d)), at = row * n;
  T* gates = s.gates + 4 * at;
  for (; k + lanes <= n; k += lanes) {
    auto i = sigmoid(d, hn::LoadU(d, gates + k));
    auto f = sigmoid(d, hn::LoadU(d, gates + n + k));
    auto g = tanh(d, hn::LoadU(d, gates + 2 * n + k));
    auto o = sigmoid(d, hn::LoadU(d, gates + 3 * n + k));
    auto c = hn::MulAdd(f, hn::LoadU(d, s.c_before + at + k), hn::Mul(i, g));
    hn::StoreU(i, d, gates + k);
    hn::StoreU(f, d, gates + n + k);
    hn::StoreU(g, d, gates + 2 * n + k);
    hn::StoreU(o, d, gates + 3 * n + k);
    hn::StoreU(c, d, s.c + at + k);
    hn::StoreU(hn::Mul(o, tanh(d, c)), d, s.h + at + k);
  }
  return k;
}

template <class D, class T>
HWY_INLINE hn::Vec<D> plus(D d, hn::Vec<D> v, const T* more, int64_t at) {
  return more ? hn::Add(v, hn::LoadU(d, more + at)) : v;
}

/// v (1 - v)
template <class D, class V>
HWY_INLINE V slope(D d, V v) {
  return hn::Mul(v, hn::Sub(hn::Set(d, 1), v));
}

template <class D, class T>
HWY_INLINE int64_t retreat(D d, int64_t k, const LstmStepBack<T>& s, int64_t row) {
  const int64_t n = s.hidden, lanes = int64_t(hn::Lanes(d));
  const auto one = hn::Set(d, 1);
  for (; k + lanes <= n; k += lanes) {
    const int64_t at = row * n + k, gate = 4 * row * n + k;
    auto i = hn::LoadU(d, s.gates + gate), f = hn::LoadU(d, s.gates + gate + n);
    auto g = hn::LoadU(d, s.gates + gate + 2 * n), o = hn::LoadU(d, s.gates + gate + 3 * n);
    auto shown = tanh(d, hn::LoadU(d, s.c + at));
    auto dh = plus(d, hn::LoadU(d, s.dh + at), s.dh_in, at);
    auto dc = plus(d, hn::LoadU(d, s.dc + at), s.dc_in, at);
    dc = hn::MulAdd(hn::Mul(dh, o), hn::NegMulAdd(shown, shown, one), dc);
    auto put = [&](int64_t gate_number, auto dgate, auto rate) HWY_ATTR {
      const int64_t place = gate + gate_number * n;
      hn::StoreU(hn::Mul(plus(d, dgate, s.dgates_in, place), rate), d, s.dz + place);
    };
    put(0, hn::Mul(dc, g), slope(d, i));
    put(1, hn::Mul(dc, hn::LoadU(d, s.c_before + at)), slope(d, f));
    put(2, hn::Mul(dc, i), hn::NegMulAdd(g, g, one));
    put(3, hn::Mul(dh, shown), slope(d, o));
    hn::StoreU(hn::Mul(dc, f), d, s.dc + at);
  }
  return k;
}

template <class T>
HWY_INLINE void advance_rows(const LstmStep<T>& s) {
  for (int64_t row = 0; row < s.rows; ++row) {
    int64_t k = advance(hn::ScalableTag<T>(), 0, s, row);
    advance(hn::CappedTag<T, 1>(), k, s, row);
  }
}

template <class T>
HWY_INLINE void retreat_rows(const LstmStepBack<T>& s) {
  for (int64_t row = 0; row < s.rows; ++row) {
    int64_t k = retreat(hn::ScalableTag<T>(), 0, s, row);
    retreat(hn::CappedTag<T, 1>(), k, s, row);
  }
}

void advance_f32(const LstmStep<float>& s) { advance_rows(s); }
void advance_f64(const LstmStep<double>& s) { advance_rows(s); }
void retreat_f32(const LstmStepBack<float>& s) { retreat_rows(s); }
void retreat_f64(const LstmStepBack<double>& s) { retreat_rows(s); }

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace taper::kernels {

HWY_EXPORT(advance_f32);
HWY_EXPORT(advance_f64);
HWY_EXPORT(retreat_f32);
HWY_EXPORT(retreat_f64);

void lstm_advance(const LstmStep<float>& s) { HWY_DYNAMIC_DISPATCH(advance_f32)(s); }
void lstm_advance(const LstmStep<double>& s) { HWY_DYNAMIC_DISPATCH(advance_f64)(s); }
void lstm_retreat(const LstmStepBack<float>& s) { HWY_DYNAMIC_DISPATCH(retreat_f32)(s); }
void lstm_retreat(const LstmStepBack<double>& s) { HWY_DYNAMIC_DISPATCH(retreat_f64)(s); }

}  // namespace taper::kernels

#endif
