#include "autograd/kernels/lstm.h"

#include "autograd/graph/grad_mode.h"
#include "autograd/ops/by_parts.h"
#include "autograd/ops/lstm_reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

using kernels::LstmGeometry;

static void check_shape(const OpInfo& info, const char* name, const Tensor& t, IntList shape,
                        Dtype dtype) {
  if (!(t.sizes() == shape))
    fail(info.name, "{} has shape {}; expected {}", name, t.sizes(), shape);
  if (t.dtype() != dtype)
    fail(info.name, "{} is {}; expected {}, the type of the rest", name, t.dtype(), dtype);
}

/// From a tensor [T, N, 4 H], the sums or values of the gates.
static LstmGeometry geometry(const OpInfo& info, const char* name, const Tensor& z, bool reverse) {
  if (z.dim() != 3 || z.size(2) % 4 || z.size(0) < 1 || z.size(2) < 1)
    fail(info.name, "{} has shape {}; expected [T, N, 4 H]", name, z.sizes());
  if (!z.is_floating_point())
    fail(info.name, "{} is {}; expected a floating type", name, z.dtype());
  return {z.size(0), z.size(1), z.size(2) / 4, reverse};
}

/// dz, dh0 and dc0 from differentiable ops, as back-propagation through time reads.
static tensor_list through_time(const tensor_list& in, bool reverse) {
  const Tensor &gates = in[3], &c = in[4], &c0 = in[5], &w = in[6];
  int64_t steps = c.size(0), n = c.size(2);
  auto part = [](const Tensor& t, int64_t step, const Tensor& like) {
    return t.defined() ? t.select(0, step) : zeros_like(like);
  };
  tensor_list dz{size_t(steps)};
  Tensor carried_h = zeros_like(c0), carried_c = carried_h;
  for (int64_t s = steps; s-- > 0;) {
    int64_t t = reverse ? steps - 1 - s : s, p = reverse ? t + 1 : t - 1;
    Tensor all = gates.select(0, t), from = part(in[2], t, all);
    tensor_list gate = all.split(n, 1), extra = from.split(n, 1);
    const Tensor &i = gate[0], &f = gate[1], &g = gate[2], &o = gate[3];
    Tensor shown = c.select(0, t).tanh(), before = s == 0 ? c0 : c.select(0, p);
    Tensor dh = part(in[0], t, c0) + carried_h;
    Tensor dc = part(in[1], t, c0) + carried_c + dh * o * (1 - shown.square());
    dz[size_t(t)] =
        cat({(dc * g + extra[0]) * i * (1 - i), (dc * before + extra[1]) * f * (1 - f),
             (dc * i + extra[2]) * (1 - g.square()), (dh * shown + extra[3]) * o * (1 - o)},
            1);
    carried_c = dc * f;
    carried_h = dz[size_t(t)].mm(w);
  }
  return {stack(dz), carried_h, carried_c};
}

/// dw = the sum over time of dz^T h_before.
static Tensor weight_gradient(const Tensor& dz, const Tensor& h, const Tensor& h0, bool reverse) {
  const int64_t later = h.size(0) - 1;
  Tensor first = dz.select(0, reverse ? later : 0);
  if (later == 0) return first.t().mm(h0);
  Tensor before = h.narrow(0, reverse ? 1 : 0, later);
  if (before.numel() < dz.size(2) * h.size(2)) {  // a copy takes less than a second product
    tensor_list all = {h0.unsqueeze(0), before};
    if (reverse) std::swap(all[0], all[1]);
    return dz.flatten(0, 1).t().mm(cat(all, 0).flatten(0, 1));
  }
  Tensor others = dz.narrow(0, reverse ? 0 : 1, later);
  return first.t().mm(h0) + others.flatten(0, 1).t().mm(before.flatten(0, 1));
}

/// Inputs: z, h0, c0, w. Outputs: h, c and the gates.
struct LstmSteps {
  static constexpr OpInfo info{
      .name = "lstm_steps",
      .formula =
          "i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of z + h_before w^T; "
          "c = f c_before + i g; h = o tanh(c)",
      .grad =
          "dz = (dc g i (1 - i), dc c_before f (1 - f), dc i (1 - g^2), dh tanh(c) o (1 - o)), "
          "dc = dc + dh o (1 - tanh(c)^2); dh_before = dz w; dc_before = dc f; "
          "dw = dz^T h_before",
      .doc =
          "The steps of an LSTM's layer in one direction: z [T, N, 4 H], what the inputs give, "
          "w [4 H, H]; h and c [T, N, H] and the gates [T, N, 4 H]"};
  static constexpr int outputs = 3;
  bool reverse = false;
  FIELDS(reverse)

  void infer(Inputs in, Specs& y) const {
    LstmGeometry g = geometry(info, "z", in[0], reverse);
    Dtype dtype = in[0].dtype();
    check_shape(info, "h0", in[1], {g.batch, g.hidden}, dtype);
    check_shape(info, "c0", in[2], {g.batch, g.hidden}, dtype);
    check_shape(info, "w", in[3], {4 * g.hidden, g.hidden}, dtype);
    y.packed(0, 1, 2, 3);
    y.fresh({g.steps, g.batch, g.hidden}, dtype);
    y.fresh({g.steps, g.batch, g.hidden}, dtype);
    y.fresh({g.steps, g.batch, 4 * g.hidden}, dtype);
  }
  void forward(Inputs in, Outputs y) const {
    kernels::lstm_steps(geometry(info, "z", in[0], reverse), plain(in[0]), plain(in[1]),
                        plain(in[2]), plain(in[3]), plain(y[0]), plain(y[1]), plain(y[2]));
  }
  tensor_list backward(Wanted wanted, In<1> h0, In<2> c0, In<3> w, Out<0> h, Out<1> c,
                       Out<2> gates) const {
    auto come_in = [&](int k) { return wanted.context->dy_or_undefined(k); };
    auto [dz, dh0, dc0] =
        lstm_steps_backward(come_in(0), come_in(1), come_in(2), gates, c, c0, w, reverse);
    return {dz, dh0, dc0, wanted[3] ? weight_gradient(dz, h, h0, reverse) : Tensor()};
  }
  tensor_list backward_formula(Wanted wanted, In<1> h0, In<2> c0, In<3> w, Out<0> h, Out<1> c,
                               Out<2> gates) const {
    auto come_in = [&](int k) { return wanted.context->dy_or_undefined(k); };
    tensor_list dx = through_time({come_in(0), come_in(1), come_in(2), gates, c, c0, w}, reverse);
    dx.push_back(weight_gradient(dx[0], h, h0, reverse));
    return dx;
  }
  tensor_list reference(const tensor_list& x) const {
    return slow_lstm_steps(x[0], x[1], x[2], x[3], reverse);
  }
  static std::vector<Sample> samples() {
    LstmSteps on, back;
    back.reverse = true;
    return {{{{{3, 2, 8}}, {{2, 2}}, {{2, 2}}, {{8, 2}}}, on},
            {{{{3, 2, 8}}, {{2, 2}}, {{2, 2}}, {{8, 2}}}, back},
            {{{{1, 1, 4}}, {{1, 1}}, {{1, 1}}, {{4, 1}}}, on}};
  }
};

/// Inputs: dh, dc, dgates (any of them undefined), gates, c, c0, w. Outputs: dz, dh0, dc0.
struct LstmStepsBackward {
  static constexpr OpInfo info{
      .name = "lstm_steps_backward",
      .formula =
          "dz = (dc g i (1 - i), dc c_before f (1 - f), dc i (1 - g^2), dh tanh(c) o (1 - "
          "o)), dc = dc + dh o (1 - tanh(c)^2); dh_before = dz w; dc_before = dc f",
      .grad = "those of the formula's parts",
      .doc =
          "The gradients of lstm_steps in z, h0 and c0, from those of its outputs, any of which "
          "may be undefined"};
  static constexpr int outputs = 3;
  bool reverse = false;
  FIELDS(reverse)

  void infer(Inputs in, Specs& y) const {
    LstmGeometry g = geometry(info, "gates", in[3], reverse);
    Dtype dtype = in[3].dtype();
    Shape states{g.steps, g.batch, g.hidden};
    if (in[0].defined()) check_shape(info, "dh", in[0], states, dtype);
    if (in[1].defined()) check_shape(info, "dc", in[1], states, dtype);
    if (in[2].defined()) check_shape(info, "dgates", in[2], in[3].sizes(), dtype);
    check_shape(info, "c", in[4], states, dtype);
    check_shape(info, "c0", in[5], {g.batch, g.hidden}, dtype);
    check_shape(info, "w", in[6], {4 * g.hidden, g.hidden}, dtype);
    y.packed(0, 1, 2, 3, 4, 5, 6);
    y.fresh(in[3].sizes(), dtype);
    y.fresh({g.batch, g.hidden}, dtype);
    y.fresh({g.batch, g.hidden}, dtype);
  }
  void forward(Inputs in, Outputs y) const {
    kernels::lstm_steps_backward(geometry(info, "gates", in[3], reverse), plain(in[0]),
                                 plain(in[1]), plain(in[2]), plain(in[3]), plain(in[4]),
                                 plain(in[5]), plain(in[6]), plain(y[0]), plain(y[1]), plain(y[2]));
  }
  tensor_list backward(Wanted wanted, const GradOf<0>& ddz, const GradOf<1>& ddh0,
                       const GradOf<2>& ddc0, In<0> dh, In<1> dc, In<2> dgates, In<3> gates,
                       In<4> c, In<5> c0, In<6> w) const {
    auto parts = [this](const tensor_list& in) { return through_time(in, reverse); };
    return gradients_by_parts(wanted, parts, {dh, dc, dgates, gates, c, c0, w}, {ddz, ddh0, ddc0});
  }
  tensor_list reference(const tensor_list& x) const { return slow_lstm_steps_backward(x, reverse); }
  static std::vector<Sample> samples() {
    LstmStepsBackward on, back;
    back.reverse = true;
    SampleInput states{{2, 2, 2}}, gates{{2, 2, 8}}, one{{2, 2}}, w{{8, 2}};
    return {{{states, states, gates, gates, states, one, w}, on},
            {{states, states, gates, gates, states, one, w}, back}};
  }
};

/// Of a layer with its directions; dropout between layers.
struct Lstm {
  static constexpr OpInfo info{
      .name = "lstm",
      .formula = "y, h_n, c_n = lstm_steps(x w_ih^T + b_ih + b_hh, h_0, c_0, w_hh), layer by layer",
      .doc =
          "An LSTM: x [T, N, in], or [N, T, in] with batch_first; hx is h_0 and c_0 [layers "
          "directions, N, H]; params are w_ih, w_hh and with biases b_ih, b_hh of each layer and "
          "direction"};
  static TensorTriple call(const Tensor& x, TensorList hx, TensorList params, bool has_biases,
                           int64_t num_layers, double dropout, bool train, bool bidirectional,
                           bool batch_first) {
    int64_t directions = bidirectional ? 2 : 1;
    size_t each = has_biases ? 4 : 2;
    check(x, hx, params, num_layers, directions, each);
    Tensor y = batch_first ? x.transpose(0, 1) : x;
    tensor_list h_n, c_n;
    for (int64_t layer = 0; layer < num_layers; ++layer) {
      tensor_list ways;
      for (int64_t d = 0; d < directions; ++d) {
        int64_t at = layer * directions + d;
        const Tensor* p = &params[size_t(at) * each];
        Tensor bias = has_biases ? p[2] + p[3] : Tensor();
        auto [h, c, gates] = lstm_steps(linear(y, p[0], bias), hx[0].select(0, at),
                                        hx[1].select(0, at), p[1], d == 1);
        int64_t last = d == 1 ? 0 : h.size(0) - 1;
        h_n.push_back(h.select(0, last));
        c_n.push_back(c.select(0, last));
        ways.push_back(h);
      }
      y = bidirectional ? cat(ways, -1) : ways[0];
      if (train && dropout > 0 && layer + 1 < num_layers) y = dropped(y, dropout);
    }
    return {batch_first ? y.transpose(0, 1) : y, stack(h_n), stack(c_n)};
  }
  static std::vector<Sample> samples();

 private:
  static void check(const Tensor& x, TensorList hx, TensorList params, int64_t layers,
                    int64_t directions, size_t each) {
    int64_t cells = layers * directions;
    if (x.dim() != 3) fail(info.name, "input has shape {}; expected 3 dimensions", x.sizes());
    if (hx.size() != 2) fail(info.name, "{} states; expected h_0 and c_0", hx.size());
    for (const Tensor& state : hx)
      if (state.dim() != 3 || state.size(0) != cells)
        fail(info.name, "a state of shape {}; expected [{}, N, H]", state.sizes(), cells);
    if (params.size() != size_t(cells) * each)
      fail(info.name, "{} parameters; expected {} for each of {} layers and directions",
           params.size(), each, cells);
    int64_t hidden = hx[0].size(2);
    for (int64_t i = 0; i < cells; ++i)
      check_cell(&params[size_t(i) * each], i < directions ? x.size(2) : directions * hidden,
                 hidden, each, x.dtype());
  }
  /// w_ih, w_hh and perhaps b_ih, b_hh of a layer's direction.
  static void check_cell(const Tensor* p, int64_t inputs, int64_t hidden, size_t count, Dtype d) {
    check_shape(info, "w_ih", p[0], {4 * hidden, inputs}, d);
    check_shape(info, "w_hh", p[1], {4 * hidden, hidden}, d);
    for (size_t i = 2; i < count; ++i)
      check_shape(info, i == 2 ? "b_ih" : "b_hh", p[i], {4 * hidden}, d);
  }
  static Tensor dropped(const Tensor& y, double p) { return y * dropout_mask(y, p); }
  /// 1 / (1 - p) where an element stays, else 0.
  static Tensor dropout_mask(const Tensor& y, double p) {
    NoGradGuard no_grad;
    Tensor mask = empty(y.sizes(), {.dtype = y.dtype()}).bernoulli_(1 - p);
    return p < 1 ? mask / (1 - p) : mask;
  }
};

std::vector<Sample> Lstm::samples() {
  struct Made {
    int64_t layers;
    bool bidirectional, biases;
  };
  auto parameters = [](const tensor_list& x) { return tensor_list(x.begin() + 3, x.end()); };
  auto sample = [=](std::vector<SampleInput> inputs, const char* label, Made m) -> Sample {
    auto run = [=](const tensor_list& x) {
      auto [y, h, c] = lstm(x[0], {x[1], x[2]}, parameters(x), m.biases, m.layers, 0, true,
                            m.bidirectional, false);
      return tensor_list{y, h, c};
    };
    auto slow = [=](const tensor_list& x) {
      return slow_lstm(x[0], {x[1], x[2]}, parameters(x), m.biases, m.layers, m.bidirectional);
    };
    return {std::move(inputs), label, run, slow};
  };
  SampleInput x{{3, 2, 2}}, two{{2, 2, 1}}, w_ih{{4, 2}}, w_next{{4, 1}}, w_hh{{4, 1}}, b{{4}};
  return {
      sample({x, two, two, w_ih, w_hh, b, b, w_ih, w_hh, b, b}, "both directions", {1, true, true}),
      sample({x, two, two, w_ih, w_hh, w_next, w_hh}, "2 layers without bias", {2, false, false})};
}

}  // namespace taper::ops

#define FAMILY "autograd/ops/lstm.def"
#include "autograd/ops/define.h"
