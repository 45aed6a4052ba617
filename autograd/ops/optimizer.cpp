// The steps of the optimisers. What changes from step to step is an input.

#include "autograd/graph/grad_mode.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/ops/step.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

struct SgdSteps {
  static constexpr OpInfo info{
      .name = "sgd_step_",
      .formula =
          "g = grad + weight_decay x; buffer = momentum buffer + gain g, gain = 1 at step 0, then "
          "1 - dampening; x -= lr (g, buffer, or for nesterov g + momentum buffer)",
      .doc =
          "A step of stochastic gradient descent for many parameters: writes each x and, where it "
          "is defined, its momentum buffer; lr: 0-dim float64, steps: int64, the steps done before "
          "by each"};
  double momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;
  FIELDS(momentum, dampening, weight_decay, nesterov)

  static void call(TensorList x, TensorList grads, TensorList buffers, const Tensor& lr,
                   const Tensor& steps, double momentum, double dampening, double weight_decay,
                   bool nesterov) {
    SgdSteps op{momentum, dampening, weight_decay, nesterov};
    apply_step<SgdSteps, 3>(op, {&x, &grads, &buffers}, lr, steps);
  }
  size_t outputs(Inputs x) const { return count_written_by_step<3>(x); }
  void infer(Inputs x, Specs& y) const {
    infer_step<3>(info, {"the gradient", "the momentum buffer"}, x, y);
  }
  void forward(Inputs x, Outputs) const {
    auto factors = [this](double lr, int64_t steps) {
      return kernels::SgdFactors{.lr = lr,
                                 .momentum = momentum,
                                 .gain = steps == 0 ? 1 : 1 - dampening,
                                 .weight_decay = weight_decay,
                                 .nesterov = nesterov};
    };
    forward_step<3>(x, kernels::grain_for(kernels::cost::sgd), factors,
                    [](const auto& run, const auto& f) { kernels::sgd_step(run, f); });
  }
  static std::vector<Sample> samples();
};

struct SgdStep {
  static constexpr OpInfo info{
      .name = "sgd_step_",
      .formula = SgdSteps::info.formula,
      .doc =
          "A step of stochastic gradient descent: writes x and, where it is defined, "
          "the momentum buffer; lr: 0-dim float64, steps: 0-dim int64, the steps done before"};

  static void call(const Tensor& x, const Tensor& grad, const Tensor& buffer, const Tensor& lr,
                   const Tensor& steps, double momentum, double dampening, double weight_decay,
                   bool nesterov) {
    check_number(info, steps, int64, "steps");
    sgd_steps_({x}, {grad}, {buffer}, lr, steps.reshape({1}), momentum, dampening, weight_decay,
               nesterov);
  }
  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (bool nesterov : {false, true})
      for (int64_t steps : {0, 2}) out.push_back(sample(nesterov, steps));
    return out;
  }

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

/// Two parameters, of which one has no momentum: both steps at once and one after the other.
std::vector<Sample> SgdSteps::samples() {
  auto lr = [] { return full({}, 0.1, {.dtype = float64}); };
  auto run = [=](const tensor_list& x) {
    NoGradGuard no_grad;
    Tensor p = x[0].clone(), buffer = x[2].clone(), q = x[3].clone();
    sgd_steps_({p, q}, {x[1], x[4]}, {buffer, {}}, lr(), tensor({2, 0}), 0.9, 0.5, 0.01, false);
    return tensor_list{p, buffer, q};
  };
  auto slow = [=](const tensor_list& x) {
    tensor_list y = SgdStep::stepped(x, false, 2);
    y.push_back(tabulate(x[3].sizes(), float64, [&](const Shape& i) {
      return element_at(x[3], i) - 0.1 * (element_at(x[4], i) + 0.01 * element_at(x[3], i));
    }));
    return y;
  };
  SampleInput matrix{.sizes = {3, 4}, .differentiable = false};
  SampleInput row{.sizes = {5}, .differentiable = false};
  return {{{matrix, matrix, matrix, row, row}, "two parameters", run, slow}};
}

}  // namespace taper::ops

#define FAMILY "autograd/ops/optimizer.def"
#include "autograd/ops/define.h"
