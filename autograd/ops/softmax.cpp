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
    kernels::softmax(kernels::Rows(x[0].sizes(), size_t(dim)), log, plain(x[0]), plain(y[0]));
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
  Tensor dx(Dy dy, Y y) const { return y * (dy - (dy * y).sum(dim, true)); }
  static constexpr auto grads = rules(&Softmax::dx);
};

struct LogSoftmax : SoftmaxOp<LogSoftmax, true> {
  static constexpr OpInfo info{.name = "log_softmax",
                               .formula = "y = x - log(sum(exp(x), dim))",
                               .grad = "dx = dy - exp(y) sum(dy, dim)",
                               .doc = "Logarithm of softmax, exact where softmax rounds to 0 or 1"};
  Tensor dx(Dy dy, Y y) const { return dy - exp(y) * dy.sum(dim, true); }
  static constexpr auto grads = rules(&LogSoftmax::dx);
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/softmax.def"
#include "autograd/ops/define.h"
