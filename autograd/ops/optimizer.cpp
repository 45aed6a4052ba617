// The steps of the optimisers. What changes from step to step is an input.

#include "autograd/graph/grad_mode.h"
#include "autograd/kernels/sgd.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

struct SgdStep {
  static constexpr OpInfo info{
      .name = "sgd_step_",
      .formula =
          "g = grad + weight_decay x; buffer = momentum buffer + gain g, gain = 1 at step 0, then "
          "1 - dampening; x -= lr (g, buffer, or for nesterov g + momentum buffer)",
      .doc =
          "A step of stochastic gradient descent: writes x and, where it is defined, "
          "the momentum buffer; lr: 0-dim float64, steps: 0-dim int64, the steps done before"};
  static constexpr int outputs = 2;
  double momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;
  FIELDS(momentum, dampening, weight_decay, nesterov)

  static void call(const Tensor& x, const Tensor& grad, const Tensor& buffer, const Tensor& lr,
                   const Tensor& steps, double momentum, double dampening, double weight_decay,
                   bool nesterov) {
    SgdStep op{momentum, dampening, weight_decay, nesterov};
    apply(op, x, grad, buffer, lr, steps);
  }

  void infer(Inputs x, Specs& y) const {
    check_like_parameter(info, x[0], x[1], "the gradient");
    check_number(info, x[3], float64, "lr");
    check_number(info, x[4], int64, "steps");
    y.write(0);
    if (!x[2].defined()) return;
    check_like_parameter(info, x[0], x[2], "the momentum buffer");
    y.write(2);
  }
  void forward(Inputs x, Outputs y) const {
    kernels::SgdFactors factors{.lr = *plain(x[3]).as<double>(),
                                .momentum = momentum,
                                .gain = *plain(x[4]).as<int64_t>() == 0 ? 1 : 1 - dampening,
                                .weight_decay = weight_decay,
                                .nesterov = nesterov};
    dispatch_floating(x[0].dtype(), [&](auto t) {
      kernels::sgd_step<decltype(t)>(plain(y[0]), plain(x[1]),
                                     x[2].defined() ? plain(y[1]) : Buffer(), factors);
    });
  }
  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (bool nesterov : {false, true})
      for (int64_t steps : {0, 2}) out.push_back(sample(nesterov, steps));
    return out;
  }

 private:
  /// A step with momentum 0.9, dampening 0.5, weight decay 0.01 and lr 0.1.
  static Sample sample(bool nesterov, int64_t steps) {
    auto run = [=](const tensor_list& x) {
      NoGradGuard no_grad;
      Tensor p = x[0].clone(), buffer = x[2].clone();
      sgd_step_(p, x[1], buffer, full({}, 0.1, {.dtype = float64}), full({}, steps), 0.9, 0.5, 0.01,
                nesterov);
      return tensor_list{p, buffer};
    };
    auto slow = [=](const tensor_list& x) { return stepped(x, nesterov, steps); };
    return {std::vector<SampleInput>(3, {.sizes = {3, 4}, .differentiable = false}),
            fmt::format("{} steps before{}", steps, nesterov ? ", nesterov" : ""), run, slow};
  }
  /// The sample's x and buffer after the step, from x, the gradient and the buffer.
  static tensor_list stepped(const tensor_list& x, bool nesterov, int64_t steps) {
    auto gradient = [&](const Shape& i) {
      return element_at(x[1], i) + 0.01 * element_at(x[0], i);
    };
    auto momentum = [&](const Shape& i) {
      return 0.9 * element_at(x[2], i) + (steps == 0 ? 1 : 0.5) * gradient(i);
    };
    auto updated = [&](const Shape& i) {
      double step = nesterov ? gradient(i) + 0.9 * momentum(i) : momentum(i);
      return element_at(x[0], i) - 0.1 * step;
    };
    return {tabulate(x[0].sizes(), float64, updated), tabulate(x[0].sizes(), float64, momentum)};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/optimizer.def"
#include "autograd/ops/define.h"
