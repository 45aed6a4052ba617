#include "autograd/kernels/lstm.h"

#include "autograd/kernels/gemm.h"
#include "autograd/kernels/lstm_simd.h"
#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

/// Calls f(first row, rows) for parts of the batch, on several threads.
template <class F>
void for_each_part(const LstmGeometry& g, const F& f) {
  parallel_for(g.batch, grain_for(cost::gates * double(g.hidden)),
               [&](int64_t begin, int64_t end) { f(begin, end - begin); });
}

/// A part's place in a state; null stays null.
template <class T>
T* part(T* state, int64_t offset) {
  return state ? state + offset : nullptr;
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
      for_each_part(g, [&](int64_t row, int64_t rows) {
        int64_t from = row * n;
        lstm_advance(LstmStep<T>{rows, n, sums + 4 * from, c_before + from, c.as<T>() + at + from,
                                 h.as<T>() + at + from});
      });
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
      const T *dh_in = at_step<T>(dh, at), *dc_in = at_step<T>(dc, at);
      const T* dgates_in = at_step<T>(dgates, 4 * at);
      for_each_part(g, [&](int64_t row, int64_t rows) {
        int64_t from = row * n;
        lstm_retreat(LstmStepBack<T>{
            rows, n, part(dh_in, from), part(dc_in, from), part(dgates_in, 4 * from),
            gates.as<const T>() + 4 * (at + from), c_before + from, c.as<const T>() + at + from,
            dh0.as<const T>() + from, dc0.as<T>() + from, out + 4 * from});
      });
      gemm<T>({out, g.batch, 4 * n, 4 * n, 1}, weight, {dh0.as<T>(), g.batch, n, n, 1});
    }
  });
}

}  // namespace taper::kernels
