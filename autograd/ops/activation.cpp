#include "autograd/kernels/gelu.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/pointwise.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// By its series at 0, in long double.
static double slow_erf(double of) {
  long double x = of, term = x, sum = x;
  for (int n = 1; n < 200; ++n) {
    term *= -x * x / n;
    sum += term / (2 * n + 1);
  }
  return double(2 * std::numbers::inv_sqrtpi_v<long double> * sum);
}

struct Erf : Unary<Erf, Numbers::floating> {
  static constexpr OpInfo info{
      .name = "erf",
      .formula = "y = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x",
      .grad = "dx = dy 2 / sqrt(pi) exp(-x^2)",
      .doc = "Error function of each element",
      .pointwise = true};
  template <class T>
  static T f(T x) {
    return std::erf(x);
  }
  Tensor dx(Dy dy, X x) const { return dy * (2 * std::numbers::inv_sqrtpi * exp(-square(x))); }
  static constexpr auto grads = rules(&Erf::dx);
  static std::vector<Sample> samples() {
    return unary_samples(
        -2, 2, [](const tensor_list& x) { return tensor_list{call(x[0])}; },
        [](const tensor_list& x) {
          return tensor_list{tabulate(x[0].sizes(), float64,
                                      [&](auto& i) { return slow_erf(element_at(x[0], i)); })};
        });
  }
};

static bool is_tanh(const OpInfo& info, std::string_view approximate) {
  if (approximate != "none" && approximate != "tanh")
    fail(info.name, "approximate is \"{}\"; expected \"none\" or \"tanh\"", approximate);
  return approximate == "tanh";
}

static constexpr double tanh_factor = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;

/// P(X <= x), its derivative and its second, in long double.
struct SlowGelu {
  double below, density;
  SlowGelu(double of, bool tanh) {
    long double x = of,
                k = std::numbers::sqrt2_v<long double> * std::numbers::inv_sqrtpi_v<long double>;
    long double e = std::exp(2 * k * (x + 0.044715L * x * x * x));
    below = tanh ? double(e / (1 + e)) : (1 + slow_erf(of / std::numbers::sqrt2)) / 2;
    density = tanh ? double(2 * e / ((1 + e) * (1 + e)) * k * (1 + 3 * 0.044715L * x * x))
                   : double(std::exp(-x * x / 2) * k / 2);
  }
};

/// What Gelu and its gradient share.
struct GeluBase {
  std::string approximate = "none";
  FIELDS(approximate)

  bool with_tanh() const { return approximate == "tanh"; }
  /// gelu'(x) from differentiable ops.
  Tensor slope(const Tensor& x) const {
    Tensor density, below;
    if (with_tanh()) {
      Tensor t = tanh(tanh_factor * (x + 0.044715 * (x * x * x)));
      below = 0.5 * (1 + t);
      density = 0.5 * (1 - t * t) * (tanh_factor * (1 + 3 * 0.044715 * (x * x)));
    } else {
      below = 0.5 * (1 + erf(x / std::numbers::sqrt2));
      density = tanh_factor / 2 * exp(-0.5 * (x * x));
    }
    return below + x * density;
  }
  /// gelu''(x).
  Tensor curvature(const Tensor& x) const {
    if (!with_tanh()) return tanh_factor / 2 * exp(-0.5 * (x * x)) * (2 - x * x);
    Tensor t = tanh(tanh_factor * (x + 0.044715 * (x * x * x)));
    Tensor du = tanh_factor * (1 + 3 * 0.044715 * (x * x)), ddu = tanh_factor * 6 * 0.044715 * x;
    return (1 - t * t) * (du + 0.5 * x * (ddu - 2 * t * (du * du)));
  }
};

struct Gelu : GeluBase {
  static constexpr OpInfo info{
      .name = "gelu",
      .formula =
          "y = x P(x), P(x) = (1 + erf(x / sqrt(2))) / 2, with tanh "
          "(1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
      .grad = "dx = dy (P(x) + x P'(x))",
      .doc = "Gaussian error linear unit of each element; approximate: \"none\" or \"tanh\"",
      .pointwise = true};
  static Gelu made(std::string_view approximate) {
    Gelu op;
    is_tanh(info, approximate);
    op.approximate = approximate;
    return op;
  }
  template <class X>
  static Tensor call(const X& x, std::string_view approximate) {
    return apply(made(approximate), x);
  }
  static void call_in_place(const Tensor& x, std::string_view approximate) {
    apply_in_place(made(approximate), x);
  }
  void infer(Inputs x, Specs& y) const {
    check_floating(info, x[0].dtype());
    y.fresh(x[0].sizes(), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer from = plain(x[0]), to = plain(y[0]);
    if (with_tanh() || !kernels::vector_map(kernels::VectorForm::gelu, to, {&from}))
      kernels::gelu(with_tanh(), from, to);
  }
  Tensor dx(Dy dy, X x) const { return gelu_input(dy, x, approximate); }
  static constexpr auto grads = rules(&Gelu::dx);
  Tensor dx_formula(Dy dy, X x) const { return dy * slope(x); }
  static constexpr auto formulas = rules(&Gelu::dx_formula);
  Tensor reference(const tensor_list& x) const {
    return tabulate(x[0].sizes(), float64, [&](const Shape& i) {
      double v = element_at(x[0], i);
      return v * SlowGelu(v, with_tanh()).below;
    });
  }
  static std::vector<Sample> samples() {
    Gelu exact = made("none"), approximate = made("tanh");
    return {{{{{3, 4}, -3, 3}}, exact},
            {{{{3, 4}, -3, 3}}, approximate},
            {{{{}}}, exact},
            {{{{2, 0}}}, approximate}};
  }
};

struct GeluInput : GeluBase {
  static constexpr OpInfo info{.name = "gelu_input",
                               .formula = "dx = dy (P(x) + x P'(x)), P as in gelu",
                               .grad = "ddy = gelu_input(g, x); dx = g dy (2 P'(x) + x P''(x))",
                               .doc = "The gradient of gelu",
                               .pointwise = true};
  static Tensor call(const Tensor& dy, const Tensor& x, std::string_view approximate) {
    GeluInput op;
    is_tanh(info, approximate);
    op.approximate = approximate;
    return apply(op, dy, x);
  }
  void infer(Inputs x, Specs& y) const {
    check_floating(info, x[1].dtype());
    if (!(x[0].sizes() == x[1].sizes()) || x[0].dtype() != x[1].dtype())
      fail(info.name, "dy is {} of shape {}; expected the input's {} of shape {}", x[0].dtype(),
           x[0].sizes(), x[1].dtype(), x[1].sizes());
    y.fresh(x[1].sizes(), x[1].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer dy = plain(x[0]), from = plain(x[1]), to = plain(y[0]);
    if (with_tanh() || !kernels::vector_map(kernels::VectorForm::gelu_input, to, {&dy, &from}))
      kernels::gelu_input(with_tanh(), dy, from, to);
  }
  Tensor ddy(Dy g, B x) const { return gelu_input(g, x, approximate); }
  Tensor dx(Dy g, A dy, B x) const { return g * dy * curvature(x); }
  static constexpr auto grads = rules(&GeluInput::ddy, &GeluInput::dx);
  Tensor reference(const tensor_list& x) const {
    return tabulate(x[1].sizes(), float64, [&](const Shape& i) {
      double v = element_at(x[1], i);
      SlowGelu p(v, with_tanh());
      return element_at(x[0], i) * (p.below + v * p.density);
    });
  }
  static std::vector<Sample> samples() {
    GeluInput exact, approximate;
    approximate.approximate = "tanh";
    return {{{{{3, 4}}, {{3, 4}, -3, 3}}, exact}, {{{{3, 4}}, {{3, 4}, -3, 3}}, approximate}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/activation.def"
#include "autograd/ops/define.h"
