// The steps of Adam and AdamW. What changes from step to step is an input.

#include "autograd/kernels/adam.h"

#include "autograd/graph/grad_mode.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// Inputs: x, its gradient, the averages of g and g^2, the largest average of g^2 (or undefined),
/// lr, steps.
struct AdamStep {
  static constexpr OpInfo info{
      .name = "adam_step_",
      .formula =
          "g = grad + weight_decay x, or decoupled g = grad, x *= 1 - lr weight_decay; m = "
          "beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; x -= lr / (1 - beta1^t) m "
          "/ (sqrt(v / (1 - beta2^t)) + eps), t = steps + 1",
      .doc =
          "A step of Adam, or decoupled of AdamW: writes x, m = exp_avg, v = exp_avg_sq and, where "
          "it is defined, max_exp_avg_sq, which then stands for v (AMSGrad); lr: 0-dim float64, "
          "steps: 0-dim int64, the steps done before"};
  static constexpr int outputs = 4;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;
  FIELDS(beta1, beta2, eps, weight_decay, decoupled)

  static void call(const Tensor& x, const Tensor& grad, const Tensor& exp_avg,
                   const Tensor& exp_avg_sq, const Tensor& max_exp_avg_sq, const Tensor& lr,
                   const Tensor& steps, double beta1, double beta2, double eps, double weight_decay,
                   bool decoupled) {
    AdamStep op{beta1, beta2, eps, weight_decay, decoupled};
    apply(op, x, grad, exp_avg, exp_avg_sq, max_exp_avg_sq, lr, steps);
  }
  void infer(Inputs x, Specs& y) const {
    check_like_parameter(info, x[0], x[1], "the gradient");
    check_like_parameter(info, x[0], x[2], "exp_avg");
    check_like_parameter(info, x[0], x[3], "exp_avg_sq");
    check_number(info, x[5], float64, "lr");
    check_number(info, x[6], int64, "steps");
    for (int i : {0, 2, 3}) y.write(i);
    if (!x[4].defined()) return;
    check_like_parameter(info, x[0], x[4], "max_exp_avg_sq");
    y.write(4);
  }
  void forward(Inputs x, Outputs y) const {
    double t = double(*plain(x[6]).as<int64_t>() + 1);
    kernels::AdamFactors factors{.beta1 = beta1,
                                 .beta2 = beta2,
                                 .eps = eps,
                                 .lr = *plain(x[5]).as<double>(),
                                 .correction1 = 1 - std::pow(beta1, t),
                                 .correction2 = 1 - std::pow(beta2, t),
                                 .weight_decay = weight_decay,
                                 .decoupled = decoupled};
    dispatch_floating(x[0].dtype(), [&](auto type) {
      kernels::adam_step<decltype(type)>(plain(y[0]), plain(x[1]), plain(y[1]), plain(y[2]),
                                         x[4].defined() ? plain(y[3]) : Buffer(), factors);
    });
  }
  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (bool decoupled : {false, true})
      for (bool amsgrad : {false, true})
        for (int64_t steps : {0, 2}) out.push_back(sample(decoupled, amsgrad, steps));
    return out;
  }

 private:
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

}  // namespace taper::ops

#define FAMILY "autograd/ops/adam.def"
#include "autograd/ops/define.h"
