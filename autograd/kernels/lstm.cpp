#include "autograd/kernels/lstm.h"

#include "autograd/kernels/gemm.h"
#include "autograd/kernels/lstm_simd.h"
#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

/// Calls f(first row, rows) for parts of the batch, on several threads: its rows do not depend on
/// each other, so that no thread waits for another before the last step. A batch of too few rows
/// for all threads is one part, whose products they share.
template <class F>
void for_each_part(const LstmGeometry& g, const F& f) {
  constexpr int64_t unit = 8;  // rows that are multiplied as fast as more
  double weight = 4 * double(g.hidden) * double(g.hidden);
  int64_t grain = grain_for(cost::product * double(unit) * double(g.steps) * weight,
                            cost::start + cost::fetched * weight);
  int64_t units = (g.batch + unit - 1) / unit;
  if (units < get_num_threads()) return f(int64_t(0), g.batch);
  parallel_for(units, grain, [&](int64_t begin, int64_t end) {
    f(begin * unit, std::min(end * unit, g.batch) - begin * unit);
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
    PackedMatrix<T> weight({w.as<const T>(), n, 4 * n, 1, n});
    for_each_part(g, [&](int64_t row, int64_t rows) {
      int64_t from = row * n;
      const T *h_before = h0.as<const T>() + from, *c_before = c0.as<const T>() + from;
      for (int64_t s = 0; s < g.steps; ++s) {
        int64_t at = g.step(s) * state + from;
        T *sums = gates.as<T>() + 4 * at, *h_now = h.as<T>() + at, *c_now = c.as<T>() + at;
        gemm<T>({h_before, rows, n, n, 1}, weight, {sums, rows, 4 * n, 4 * n, 1},
                {z.as<const T>() + 4 * at, 4 * n});
        lstm_advance(LstmStep<T>{rows, n, sums, c_before, c_now, h_now});
        h_before = h_now;
        c_before = c_now;
      }
    });
  });
}

void lstm_steps_backward(const LstmGeometry& g, const Buffer& dh, const Buffer& dc,
                         const Buffer& dgates, const Buffer& gates, const Buffer& c,
                         const Buffer& c0, const Buffer& w, const Buffer& dz, const Buffer& dh0,
                         const Buffer& dc0) {
  dispatch_floating(gates.dtype, [&](auto type) {
    using T = decltype(type);
    int64_t n = g.hidden, state = g.state();
    PackedMatrix<T> weight({w.as<const T>(), 4 * n, n, n, 1});
    std::fill_n(dh0.as<T>(), state, T(0));  // what the steps pass on, at last to h0 and c0
    std::fill_n(dc0.as<T>(), state, T(0));
    for_each_part(g, [&](int64_t row, int64_t rows) {
      int64_t from = row * n;
      T *dh_on = dh0.as<T>() + from, *dc_on = dc0.as<T>() + from;
      for (int64_t s = g.steps; s-- > 0;) {
        int64_t at = g.step(s) * state + from;
        const T* c_before = (s == 0 ? c0.as<const T>() : c.as<const T>() + g.step(s - 1) * state);
        T* out = dz.as<T>() + 4 * at;
        lstm_retreat(LstmStepBack<T>{rows, n, at_step<T>(dh, at), at_step<T>(dc, at),
                                     at_step<T>(dgates, 4 * at), gates.as<const T>() + 4 * at,
                                     c_before + from, c.as<const T>() + at, dh_on, dc_on, out});
        gemm<T>({out, rows, 4 * n, 4 * n, 1}, weight, {dh_on, rows, n, n, 1});
      }
    });
  });
}

}  // namespace taper::kernels
