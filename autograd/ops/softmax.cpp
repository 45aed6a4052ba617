#include "autograd/kernels/softmax.h"

#include <cmath>

#include "autograd/ops/checks.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// What softmax and log_softmax share; Self says whether it is the logarithm, and the gradient.
template <class Self, bool log>
struct SoftmaxOp {
  int64_t dim = 0;
  FIELDS(dim)

  static Tensor call(const Tensor& x, int64_t dim, std::optional<Dtype> dtype) {
    Self op;
    op.dim = wrap_dim(Self::info.name, dim, size_t(x.dim()));
    return apply(op, dtype ? x.to(*dtype) : x);
  }
  void infer(Inputs x, Specs& y) const {
    check_floating(Self::info, x[0].dtype());
    y.packed(0);
    y.fresh(x[0].sizes(), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    kernels::softmax(kernels::SoftmaxRows(x[0].sizes(), size_t(dim)), log, plain(x[0]),
                     plain(y[0]));
  }
  Tensor reference(const tensor_list& x) const {
    return tabulate(x[0].sizes(), float64, [&](const Shape& i) {
      double p = std::exp(element_at(x[0], i)) / sum_of_exp(x[0], i, dim);
      return log ? std::log(p) : p;
    });
  }
  static std::vector<Sample> samples() {
    Self first, last;
    last.dim = 1;
    return {{{{{3, 4}}}, last}, {{{{3, 4}}}, first}, {{{{2, 3, 4}}}, last},
            {{{{}}}, first},    {{{{2, 0}}}, last},  {{{{0, 3}}}, last}};
  }
};

struct Softmax : SoftmaxOp<Softmax, false> {
  static constexpr OpInfo info{.name = "softmax",
                               .formula = "y = exp(x) / sum(exp(x), dim)",
                               .grad = "dx = y (dy - sum(dy y, dim))",
                               .doc = "Positive numbers along a dimension that add up to 1"};
  Tensor dx(Dy dy, Y y) const { return softmax_input(dy, y, dim); }
  static constexpr auto grads = rules(&Softmax::dx);
  Tensor dx_formula(Dy dy, Y y) const { return y * (dy - (dy * y).sum(dim, true)); }
  static constexpr auto formulas = rules(&Softmax::dx_formula);
};

struct LogSoftmax : SoftmaxOp<LogSoftmax, true> {
  static constexpr OpInfo info{.name = "log_softmax",
                               .formula = "y = x - log(sum(exp(x), dim))",
                               .grad = "dx = dy - exp(y) sum(dy, dim)",
                               .doc = "Logarithm of softmax, exact where softmax rounds to 0 or 1"};
  Tensor dx(Dy dy, Y y) const { return log_softmax_input(dy, y, dim); }
  static constexpr auto grads = rules(&LogSoftmax::dx);
  Tensor dx_formula(Dy dy, Y y) const { return dy - exp(y) * dy.sum(dim, true); }
  static constexpr auto formulas = rules(&LogSoftmax::dx_formula);
};

/// What the gradients of softmax and log_softmax in x share. Inputs: dy and the result y.
template <class Self, bool log>
struct SoftmaxInputOp {
  int64_t dim = 0;
  FIELDS(dim)

  static Tensor call(const Tensor& dy, const Tensor& y, int64_t dim) {
    Self op;
    op.dim = wrap_dim(Self::info.name, dim, size_t(y.dim()));
    return apply(op, dy, y);
  }
  void infer(Inputs x, Specs& dx) const {
    check_floating(Self::info, x[1].dtype());
    if (!(x[0].sizes() == x[1].sizes()) || x[0].dtype() != x[1].dtype())
      fail(Self::info.name, "dy is {} of shape {}; expected y's {} of shape {}", x[0].dtype(),
           x[0].sizes(), x[1].dtype(), x[1].sizes());
    dx.packed(0, 1);
    dx.fresh(x[1].sizes(), x[1].dtype());
  }
  void forward(Inputs x, Outputs dx) const {
    kernels::softmax_input(kernels::SoftmaxRows(x[1].sizes(), size_t(dim)), log, plain(x[0]),
                           plain(x[1]), plain(dx[0]));
  }
  /// The sum over dim of f(dy, y), element by element.
  template <class F>
  double slow_sum(const tensor_list& x, Shape i, const F& f) const {
    if (i.empty()) return f(element_at(x[0], i), element_at(x[1], i));
    double sum = 0;
    for (int64_t k = 0; k < x[1].size(dim); ++k) {
      i[size_t(dim)] = k;
      sum += f(element_at(x[0], i), element_at(x[1], i));
    }
    return sum;
  }
  static std::vector<Sample> samples() {
    Self first, last;
    last.dim = 1;
    return {{{{{3, 4}}, {{3, 4}}}, last},
            {{{{2, 3, 4}}, {{2, 3, 4}}}, last},
            {{{{}}, {{}}}, first},
            {{{{2, 0}}, {{2, 0}}}, last}};
  }
};

struct SoftmaxInput : SoftmaxInputOp<SoftmaxInput, false> {
  static constexpr OpInfo info{
      .name = "softmax_input",
      .formula = "dx = y (dy - sum(dy y, dim))",
      .grad = "ddy = softmax_input(g, y); d(y) = g (dy - sum(dy y)) - dy sum(g y)",
      .doc = "The gradient of softmax, y being its result"};
  Tensor ddy(Dy g, B y) const { return softmax_input(g, y, dim); }
  Tensor in_y(Dy g, A dy, B y) const {
    return g * (dy - (dy * y).sum(dim, true)) - dy * (g * y).sum(dim, true);
  }
  static constexpr auto grads = rules(&SoftmaxInput::ddy, &SoftmaxInput::in_y);
  Tensor reference(const tensor_list& x) const {
    return tabulate(x[1].sizes(), float64, [&](const Shape& i) {
      double sum = slow_sum(x, i, [](double dy, double y) { return dy * y; });
      return element_at(x[1], i) * (element_at(x[0], i) - sum);
    });
  }
};

struct LogSoftmaxInput : SoftmaxInputOp<LogSoftmaxInput, true> {
  static constexpr OpInfo info{.name = "log_softmax_input",
                               .formula = "dx = dy - exp(y) sum(dy, dim)",
                               .grad = "ddy = g - sum(g exp(y)); d(y) = -g exp(y) sum(dy)",
                               .doc = "The gradient of log_softmax, y being its result"};
  Tensor ddy(Dy g, B y) const { return g - (g * exp(y)).sum(dim, true); }
  Tensor in_y(Dy g, A dy, B y) const { return -g * exp(y) * dy.sum(dim, true); }
  static constexpr auto grads = rules(&LogSoftmaxInput::ddy, &LogSoftmaxInput::in_y);
  Tensor reference(const tensor_list& x) const {
    return tabulate(x[1].sizes(), float64, [&](const Shape& i) {
      double sum = slow_sum(x, i, [](double dy, double) { return dy; });
      return element_at(x[0], i) - std::exp(element_at(x[1], i)) * sum;
    });
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/softmax.def"
#include "autograd/ops/define.h"
