#include "autograd/ops/lstm_reference.h"

#include <cmath>

#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

static double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

/// The place in time before t in the direction of the walk, -1 at its start.
static int64_t before(int64_t t, int64_t steps, bool reverse) {
  if (!reverse) return t - 1;
  return t + 1 < steps ? t + 1 : -1;
}

tensor_list slow_lstm_steps(const Tensor& z, const Tensor& h0, const Tensor& c0, const Tensor& w,
                            bool reverse) {
  int64_t steps = z.size(0), batch = z.size(1), n = w.size(1);
  Tensor h = zeros({steps, batch, n}, {.dtype = float64}), c = zeros(h.sizes(), {.dtype = float64});
  Tensor gates = zeros({steps, batch, 4 * n}, {.dtype = float64});
  for (int64_t s = 0; s < steps; ++s) {
    int64_t t = reverse ? steps - 1 - s : s, p = before(t, steps, reverse);
    auto earlier = [&](const Tensor& all, const Tensor& first, int64_t b, int64_t k) {
      return p < 0 ? element_at(first, {b, k}) : element_at(all, {p, b, k});
    };
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t k = 0; k < n; ++k) {
        for (int64_t gate = 0; gate < 4; ++gate) {
          int64_t row = gate * n + k;
          double sum = element_at(z, {t, b, row});
          for (int64_t j = 0; j < n; ++j) sum += element_at(w, {row, j}) * earlier(h, h0, b, j);
          element_of(gates, {t, b, row}) = gate == 2 ? std::tanh(sum) : sigmoid_of(sum);
        }
        auto gate = [&](int64_t g) { return element_at(gates, {t, b, g * n + k}); };
        double now = gate(1) * earlier(c, c0, b, k) + gate(0) * gate(2);
        element_of(c, {t, b, k}) = now;
        element_of(h, {t, b, k}) = gate(3) * std::tanh(now);
      }
  }
  return {h, c, gates};
}

static double or_zero(const Tensor& t, const Shape& i) {
  return t.defined() ? element_at(t, i) : 0;
}

/// Unit k of sample b at step t: writes its dz from what the next step passed on, dh, and passes dc
/// on. p: the step before, or -1.
static void slow_unit_backward(const tensor_list& in, int64_t t, int64_t p, int64_t b, int64_t k,
                               const Tensor& dz, const Tensor& dh, const Tensor& dc) {
  const Tensor &gates = in[3], &c = in[4], &c0 = in[5];
  int64_t n = c.size(2);
  auto gate = [&](int64_t g) { return element_at(gates, {t, b, g * n + k}); };
  double tanh_c = std::tanh(element_at(c, {t, b, k}));
  double total_h = element_at(dh, {b, k}) + or_zero(in[0], {t, b, k});
  double total_c = element_at(dc, {b, k}) + or_zero(in[1], {t, b, k}) +
                   total_h * gate(3) * (1 - tanh_c * tanh_c);
  double c_before = p < 0 ? element_at(c0, {b, k}) : element_at(c, {p, b, k});
  double parts[] = {total_c * gate(2), total_c * c_before, total_c * gate(0), total_h * tanh_c};
  for (int64_t g = 0; g < 4; ++g) {
    double slope = g == 2 ? 1 - gate(g) * gate(g) : gate(g) * (1 - gate(g));
    element_of(dz, {t, b, g * n + k}) = slope * (parts[g] + or_zero(in[2], {t, b, g * n + k}));
  }
  element_of(dc, {b, k}) = total_c * gate(1);
}

tensor_list slow_lstm_steps_backward(const tensor_list& in, bool reverse) {
  const Tensor &c = in[4], &w = in[6];
  int64_t steps = c.size(0), batch = c.size(1), n = c.size(2);
  Tensor dz = zeros(in[3].sizes(), {.dtype = float64});
  Tensor dh = zeros({batch, n}, {.dtype = float64}), dc = zeros({batch, n}, {.dtype = float64});
  for (int64_t s = steps; s-- > 0;) {
    int64_t t = reverse ? steps - 1 - s : s, p = before(t, steps, reverse);
    for (int64_t unit = 0; unit < batch * n; ++unit)
      slow_unit_backward(in, t, p, unit / n, unit % n, dz, dh, dc);
    dh = tabulate({batch, n}, float64, [&](const Shape& i) {
      double sum = 0;
      for (int64_t row = 0; row < 4 * n; ++row)
        sum += element_at(dz, {t, i[0], row}) * element_at(w, {row, i[1]});
      return sum;
    });
  }
  return {dz, dh, dc};
}

/// x w^T + biases, step by step.
static Tensor slow_inputs(const Tensor& x, const Tensor& w, const Tensor* biases) {
  return tabulate({x.size(0), x.size(1), w.size(0)}, float64, [&](const Shape& i) {
    double sum = biases ? element_at(biases[0], {i[2]}) + element_at(biases[1], {i[2]}) : 0;
    for (int64_t k = 0; k < x.size(2); ++k)
      sum += element_at(x, {i[0], i[1], k}) * element_at(w, {i[2], k});
    return sum;
  });
}

tensor_list slow_lstm(const Tensor& x, TensorList hx, TensorList params, bool has_biases,
                      int64_t num_layers, bool bidirectional) {
  int64_t directions = bidirectional ? 2 : 1, n = hx[0].size(2), steps = x.size(0);
  size_t each = has_biases ? 4 : 2;
  Tensor in = x, h_n = zeros(hx[0].sizes(), {.dtype = float64}),
         c_n = zeros(h_n.sizes(), {.dtype = float64});
  for (int64_t layer = 0; layer < num_layers; ++layer) {
    Tensor out = zeros({steps, x.size(1), n * directions}, {.dtype = float64});
    for (int64_t d = 0; d < directions; ++d) {
      int64_t at = layer * directions + d;
      const Tensor* p = &params[size_t(at) * each];
      auto state = [&](const Tensor& all) {
        return moved(all, {x.size(1), n}, [&](const Shape& i) { return Shape{at, i[0], i[1]}; });
      };
      tensor_list y = slow_lstm_steps(slow_inputs(in, p[0], has_biases ? p + 2 : nullptr),
                                      state(hx[0]), state(hx[1]), p[1], d == 1);
      for_each_index(y[0].sizes(), [&](const Shape& i) {
        element_of(out, {i[0], i[1], d * n + i[2]}) = element_at(y[0], i);
        if (i[0] != (d == 1 ? 0 : steps - 1)) return;
        element_of(h_n, {at, i[1], i[2]}) = element_at(y[0], i);
        element_of(c_n, {at, i[1], i[2]}) = element_at(y[1], i);
      });
    }
    in = out;
  }
  return {in, h_n, c_n};
}

}  // namespace taper::ops
