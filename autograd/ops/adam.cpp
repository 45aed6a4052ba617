// The steps of Adam and AdamW. What changes from step to step is an input.

#include <cmath>

#include "autograd/graph/grad_mode.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/ops/step.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

struct AdamSteps {
  static constexpr OpInfo info{
      .name = "adam_step_",
      .formula =
          "g = grad + weight_decay x, or decoupled g = grad, x *= 1 - lr weight_decay; m = "
          "beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; x -= lr / (1 - beta1^t) m "
          "/ (sqrt(v / (1 - beta2^t)) + eps), t = steps + 1",
      .doc =
          "A step of Adam for many parameters, or decoupled of AdamW: writes each x, m = exp_avg, "
          "v = exp_avg_sq and, where it is defined, max_exp_avg_sq, which then stands for v "
          "(AMSGrad); lr: 0-dim float64, steps: int64, the steps done before by each"};
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;
  FIELDS(beta1, beta2, eps, weight_decay, decoupled)

  static void call(TensorList x, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs,
                   TensorList max_exp_avg_sqs, const Tensor& lr, const Tensor& steps, double beta1,
                   double beta2, double eps, double weight_decay, bool decoupled) {
    AdamSteps op{beta1, beta2, eps, weight_decay, decoupled};
    apply_step<AdamSteps, 5>(op, {&x, &grads, &exp_avgs, &exp_avg_sqs, &max_exp_avg_sqs}, lr,
                             steps);
  }
  size_t outputs(Inputs x) const { return count_written_by_step<5>(x); }
  void infer(Inputs x, Specs& y) const {
    infer_step<5>(info, {"the gradient", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}, x, y);
  }
  void forward(Inputs x, Outputs) const {
    auto factors = [this](double lr, int64_t steps) {
      return kernels::AdamFactors{.beta1 = beta1,
                                  .beta2 = beta2,
                                  .eps = eps,
                                  .lr = lr,
                                  .correction1 = 1 - std::pow(beta1, double(steps + 1)),
                                  .correction2 = 1 - std::pow(beta2, double(steps + 1)),
                                  .weight_decay = weight_decay,
                                  .decoupled = decoupled};
    };
    forward_step<5>(x, kernels::grain_for(kernels::cost::adam), factors,
                    [](const auto& run, const auto& f) { kernels::adam_step(run, f); });
  }
  static std::vector<Sample> samples();
};

struct AdamStep {
  static constexpr OpInfo info{
      .name = "adam_step_",
      .formula = AdamSteps::info.formula,
      .doc =
          "A step of Adam, or decoupled of AdamW: writes x, m = exp_avg, v = exp_avg_sq and, where "
          "it is defined, max_exp_avg_sq, which then stands for v (AMSGrad); lr: 0-dim float64, "
          "steps: 0-dim int64, the steps done before"};

  static void call(const Tensor& x, const Tensor& grad, const Tensor& exp_avg,
                   const Tensor& exp_avg_sq, const Tensor& max_exp_avg_sq, const Tensor& lr,
                   const Tensor& steps, double beta1, double beta2, double eps, double weight_decay,
                   bool decoupled) {
    check_number(info, steps, int64, "steps");
    adam_steps_({x}, {grad}, {exp_avg}, {exp_avg_sq}, {max_exp_avg_sq}, lr, steps.reshape({1}),
                beta1, beta2, eps, weight_decay, decoupled);
  }
  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (bool decoupled : {false, true})
      for (bool amsgrad : {false, true})
        for (int64_t steps : {0, 2}) out.push_back(sample(decoupled, amsgrad, steps));
    return out;
  }

  static Sample sample(bool decoupled, bool amsgrad, int64_t steps) {
    auto run = [=](const tensor_list& x) {
      NoGradGuard no_grad;
      tensor_list written{x[0].clone(), x[2].clone(), x[3].clone()};
      if (amsgrad) written.push_back(x[4].clone());
      adam_step_(written[0], x[1], written[1], written[2], amsgrad ? written[3] : Tensor(),
                 full({}, 0.1, {.dtype = float64}), full({}, steps), 0.8, 0.9, 1e-3, 0.2,
                 decoupled);
      return written;
    };
    SampleInput any{.sizes = {3, 4}, .differentiable = false}, above = any;
    above.lo = 0.1;
    return {{any, any, any, above, above},
            fmt::format("{}{}, {} steps before", decoupled ? "AdamW" : "Adam",
                        amsgrad ? " with amsgrad" : "", steps),
            run,
            [=](const tensor_list& x) { return stepped(x, decoupled, amsgrad, steps); }};
  }
  /// What the sample writes: x, m, v and with amsgrad the largest v.
  static tensor_list stepped(const tensor_list& in, bool decoupled, bool amsgrad, int64_t steps) {
    IntList sizes = in[0].sizes();
    double t = double(steps + 1);
    auto value = [&](size_t k, const Shape& i) { return element_at(in[k], i); };
    auto gradient = [&](const Shape& i) {
      return value(1, i) + (decoupled ? 0 : 0.2 * value(0, i));
    };
    auto m = [&](const Shape& i) { return 0.8 * value(2, i) + 0.2 * gradient(i); };
    auto v = [&](const Shape& i) { return 0.9 * value(3, i) + 0.1 * gradient(i) * gradient(i); };
    auto largest = [&](const Shape& i) { return std::max(value(4, i), v(i)); };
    auto x = [&](const Shape& i) {
      double mean = m(i) / (1 - std::pow(0.8, t));
      double square = (amsgrad ? largest(i) : v(i)) / (1 - std::pow(0.9, t));
      double shrunk = decoupled ? value(0, i) * (1 - 0.1 * 0.2) : value(0, i);
      return shrunk - 0.1 * mean / (std::sqrt(square) + 1e-3);
    };
    tensor_list out{tabulate(sizes, float64, x), tabulate(sizes, float64, m),
                    tabulate(sizes, float64, v)};
    if (amsgrad) out.push_back(tabulate(sizes, float64, largest));
    return out;
  }
};

/// The sample of Adam with amsgrad twice, once with and once without the largest squares.
std::vector<Sample> AdamSteps::samples() {
  auto run = [](const tensor_list& x) {
    NoGradGuard no_grad;
    auto copies = [&](size_t i) { return tensor_list{x[i].clone(), x[i].clone()}; };
    tensor_list p = copies(0), avg = copies(2), sq = copies(3), max{x[4].clone(), {}};
    adam_steps_(p, {x[1], x[1]}, avg, sq, max, full({}, 0.1, {.dtype = float64}), tensor({2, 0}),
                0.8, 0.9, 1e-3, 0.2, false);
    return tensor_list{p[0], avg[0], sq[0], max[0], p[1], avg[1], sq[1]};
  };
  auto slow = [](const tensor_list& x) {
    tensor_list y = AdamStep::stepped(x, false, true, 2);
    for (const Tensor& t : AdamStep::stepped(x, false, false, 0)) y.push_back(t);
    return y;
  };
  SampleInput any{.sizes = {3, 4}, .differentiable = false}, above = any;
  above.lo = 0.1;
  return {{{any, any, any, above, above}, "two parameters", run, slow}};
}

}  // namespace taper::ops

#define FAMILY "autograd/ops/adam.def"
#include "autograd/ops/define.h"
