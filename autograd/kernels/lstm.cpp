#include "autograd/kernels/lstm.h"

#include <cmath>

#include "autograd/kernels/gemm.h"
#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

/// Calls f(element of h, element of its gate i) for a step; the other gates lie `hidden` apart.
template <class F>
void for_each_unit(const LstmGeometry& g, const F& f) {
  parallel_for(g.batch, parallel_grain / 16 / std::max<int64_t>(g.hidden, 1) + 1,
               [&](int64_t begin, int64_t end) {
                 for (int64_t n = begin; n < end; ++n)
                   for (int64_t k = 0; k < g.hidden; ++k) f(n * g.hidden + k, n * 4 * g.hidden + k);
               });
}

template <class T>
T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

/// The gates of one step, from their sums to their values, and with them c and h.
template <class T>
void advance(const LstmGeometry& g, T* gates, const T* c_before, T* c, T* h) {
  int64_t n = g.hidden;
  for_each_unit(g, [=](int64_t at, int64_t gate) {
    T* p = gates + gate;
    p[0] = sigmoid(p[0]);
    p[n] = sigmoid(p[n]);
    p[2 * n] = std::tanh(p[2 * n]);
    p[3 * n] = sigmoid(p[3 * n]);
    c[at] = p[n] * c_before[at] + p[0] * p[2 * n];
    h[at] = p[3 * n] * std::tanh(c[at]);
  });
}

/// What came in for one step; null where nothing did.
template <class T>
struct StepGradients {
  const T *dh, *dc, *dgates;
};

/// dz of one step; dh and dc carry the gradients of the step's own h and c from the step after it,
/// and dc takes those of the step before it.
template <class T>
void retreat(const LstmGeometry& g, StepGradients<T> in, const T* gates, const T* c_before,
             const T* c, const T* dh, T* dc, T* dz) {
  int64_t n = g.hidden;
  for_each_unit(g, [=](int64_t at, int64_t gate) {
    const T* p = gates + gate;
    const T* from = in.dgates ? in.dgates + gate : nullptr;
    auto incoming = [&](int64_t k) { return from ? from[k * n] : T(0); };
    T* to = dz + gate;
    T i = p[0], f = p[n], a = p[2 * n], o = p[3 * n], shown = std::tanh(c[at]);
    T h_part = dh[at] + (in.dh ? in.dh[at] : T(0));
    T c_part = dc[at] + (in.dc ? in.dc[at] : T(0)) + h_part * o * (T(1) - shown * shown);
    to[0] = (c_part * a + incoming(0)) * i * (T(1) - i);
    to[n] = (c_part * c_before[at] + incoming(1)) * f * (T(1) - f);
    to[2 * n] = (c_part * i + incoming(2)) * (T(1) - a * a);
    to[3 * n] = (h_part * shown + incoming(3)) * o * (T(1) - o);
    dc[at] = c_part * f;
  });
}

template <class T>
const T* at_step(const Buffer& b, int64_t offset) {
  return b ? b.as<const T>() + offset : nullptr;
}

}  // namespace

void lstm_steps(const LstmGeometry& g, const Buffer& z, const Buffer& h0, const Buffer& c0,
                const Buffer& w, const Buffer& h, const Buffer& c, const Buffer& gates) {
  dispatch_floating(z.dtype, [&](auto type) {
    using T = decltype(type);
    int64_t n = g.hidden, state = g.state();
    Matrix<const T> weight{w.as<const T>(), 4 * n, n, n, 1};
    const T *h_before = h0.as<const T>(), *c_before = c0.as<const T>();
    for (int64_t s = 0; s < g.steps; ++s) {
      int64_t at = g.step(s) * state;
      T* sums = gates.as<T>() + 4 * at;
      std::copy_n(z.as<const T>() + 4 * at, 4 * state, sums);
      gemm<T>({h_before, g.batch, n, n, 1}, weight.transposed(), {sums, g.batch, 4 * n, 4 * n, 1},
              true);
      advance(g, sums, c_before, c.as<T>() + at, h.as<T>() + at);
      h_before = h.as<T>() + at;
      c_before = c.as<T>() + at;
    }
  });
}

void lstm_steps_backward(const LstmGeometry& g, const Buffer& dh, const Buffer& dc,
                         const Buffer& dgates, const Buffer& gates, const Buffer& c,
                         const Buffer& c0, const Buffer& w, const Buffer& dz, const Buffer& dh0,
                         const Buffer& dc0) {
  dispatch_floating(gates.dtype, [&](auto type) {
    using T = decltype(type);
    int64_t n = g.hidden, state = g.state();
    Matrix<const T> weight{w.as<const T>(), 4 * n, n, n, 1};
    std::fill_n(dh0.as<T>(), state, T(0));  // what the steps pass on, at last to h0 and c0
    std::fill_n(dc0.as<T>(), state, T(0));
    for (int64_t s = g.steps; s-- > 0;) {
      int64_t at = g.step(s) * state;
      const T* c_before = s == 0 ? c0.as<const T>() : c.as<const T>() + g.step(s - 1) * state;
      T* out = dz.as<T>() + 4 * at;
      retreat(g, {at_step<T>(dh, at), at_step<T>(dc, at), at_step<T>(dgates, 4 * at)},
              gates.as<const T>() + 4 * at, c_before, c.as<const T>() + at, dh0.as<const T>(),
              dc0.as<T>(), out);
      gemm<T>({out, g.batch, 4 * n, 4 * n, 1}, weight, {dh0.as<T>(), g.batch, n, n, 1});
    }
  });
}

}  // namespace taper::kernels
