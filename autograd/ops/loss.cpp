#include "autograd/ops/loss.h"

#include "autograd/kernels/gather.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

Shape row_shape(const Tensor& x) {
  Shape s = x.sizes();
  s.erase(class_dim(x));
  return s;
}

void check_class_scores(const OpInfo& info, const Tensor& x, const Tensor& weight) {
  if (x.dim() == 0) fail(info.name, "input has shape []; expected [C], [N, C] or [N, C, d1, ..]");
  if (!x.is_floating_point()) fail(info.name, "input is {}; expected a floating type", x.dtype());
  if (!weight.defined()) return;
  int64_t classes = x.size(int64_t(class_dim(x)));
  if (!(weight.sizes() == IntList(classes)))
    fail(info.name, "weight has shape {}; expected [{}], one for each class", weight.sizes(),
         classes);
  if (weight.dtype() != x.dtype())
    fail(info.name, "weight is {}, input {}; expected one type", weight.dtype(), x.dtype());
}

void check_classes(const OpInfo& info, const Tensor& x, const Tensor& target,
                   int64_t ignore_index) {
  int64_t classes = x.size(int64_t(class_dim(x)));
  if (auto wrong = kernels::first_outside(plain(target), 0, classes, ignore_index))
    fail_index(info.name, "class {} in the target; expected 0 to {}, or {} to ignore", *wrong,
               classes - 1, ignore_index);
}

struct NllLoss {
  static constexpr OpInfo info{
      .name = "nll_loss",
      .formula = "L = -sum(weight[target] x[target]) / sum(weight[target])",
      .doc =
          "Negative log likelihood: x [N, C, ..] or [C] log-probabilities, "
          "target [N, ..] int64 classes"};
  static Tensor call(const Tensor& x, const Tensor& target, const NllLossOptions& o) {
    check_class_scores(info, x, o.weight);
    if (target.dtype() != int64)
      fail(info.name, "target is {}; expected int64 classes", target.dtype());
    if (!(target.sizes() == IntList(row_shape(x))))
      fail(info.name, "target has shape {}, input {}; expected classes of shape {}", target.sizes(),
           x.sizes(), row_shape(x));
    check_classes(info, x, target, o.ignore_index);
    int64_t dim = int64_t(class_dim(x));
    Tensor ignored = target == int64_t(o.ignore_index), classes = where(ignored, 0, target);
    Tensor weight = weights(x, classes, o.weight);
    Tensor loss = where(ignored, 0, -(x.gather(dim, classes.unsqueeze(dim)).squeeze(dim) * weight));
    if (o.reduction == Reduction::none) return loss;
    if (o.reduction == Reduction::sum) return loss.sum();
    return loss.sum() / where(ignored, 0, weight).sum();
  }
  static std::vector<Sample> samples() {
    SampleInput classes{.sizes = {4}, .lo = 0, .hi = 3, .dtype = int64, .differentiable = false};
    SampleInput weight{.sizes = {3}, .lo = 0.5, .hi = 2, .differentiable = false};
    return {{{{{4, 3}}, classes},
             "",
             [](auto& x) { return tensor_list{nll_loss(x[0], x[1])}; },
             [](auto& x) { return tensor_list{reference(x, -100)}; }},
            {{{{4, 3}}, classes, weight},
             "weight, ignore_index=1",
             [](auto& x) {
               return tensor_list{nll_loss(x[0], x[1], {.weight = x[2], .ignore_index = 1})};
             },
             [](auto& x) { return tensor_list{reference(x, 1)}; }}};
  }
  /// The mean for rows of scores; x: scores, classes, perhaps weights.
  static Tensor reference(const tensor_list& x, int64_t ignore_index) {
    double sum = 0, weights = 0;
    for (int64_t row = 0; row < x[0].size(0); ++row) {
      int64_t c = int64_t(element_at(x[1], {row}));
      if (c == ignore_index) continue;
      double weight = x.size() > 2 ? element_at(x[2], {c}) : 1;
      sum -= weight * element_at(x[0], {row, c});
      weights += weight;
    }
    return tabulate({}, float64, [&](auto&) { return sum / weights; });
  }

 private:
  /// The weight of each row's class.
  static Tensor weights(const Tensor& x, const Tensor& classes, const Tensor& weight) {
    if (!weight.defined()) return ones(classes.sizes(), {.dtype = x.dtype()});
    return weight.detach().index_select(0, classes.flatten()).reshape(classes.sizes());
  }
};

struct NllLossPositional {
  static constexpr OpInfo info{
      .name = "nll_loss",
      .formula = "L = -sum(weight[target] x[target]) / sum(weight[target])",
      .doc = "nll_loss with its options by position, as LibTorch has it"};
  static Tensor call(const Tensor& x, const Tensor& target, const Tensor& weight,
                     Reduction reduction, int64_t ignore_index) {
    return nll_loss(x, target,
                    {.weight = weight, .ignore_index = ignore_index, .reduction = reduction});
  }
  static std::vector<Sample> samples() {
    SampleInput classes{.sizes = {4}, .lo = 0, .hi = 3, .dtype = int64, .differentiable = false};
    return {{{{{4, 3}}, classes},
             "{}, none",
             [](auto& x) { return tensor_list{nll_loss(x[0], x[1], {}, Reduction::none)}; },
             [](auto& x) {
               return tensor_list{tabulate(x[1].sizes(), float64, [&](auto& i) {
                 return -element_at(x[0], {i[0], int64_t(element_at(x[1], i))});
               })};
             }}};
  }
};

struct MseLoss {
  static constexpr OpInfo info{.name = "mse_loss",
                               .formula = "L = mean((x - target)^2)",
                               .doc = "Mean of the squared differences; x and target broadcast"};
  static Tensor call(const Tensor& x, const Tensor& target, Reduction reduction) {
    broadcast_shapes(info.name, x.sizes(), target.sizes());
    Tensor loss = square(x - target);
    if (reduction == Reduction::none) return loss;
    return reduction == Reduction::sum ? loss.sum() : loss.mean();
  }
  static std::vector<Sample> samples() {
    return {{{{{4, 3}}, {{4, 3}}},
             "mean",
             [](auto& x) { return tensor_list{mse_loss(x[0], x[1])}; },
             [](auto& x) { return tensor_list{reference(x, double(numel(common_shape(x))))}; }},
            {{{{4, 3}}, {{3}}},
             "sum",
             [](auto& x) { return tensor_list{mse_loss(x[0], x[1], Reduction::sum)}; },
             [](auto& x) { return tensor_list{reference(x, 1)}; }}};
  }
  /// The squared distances, broadcast, over `divisor`.
  static Tensor reference(const tensor_list& x, double divisor) {
    double sum = 0;
    for_each_index(common_shape(x), [&](const Shape& i) {
      double d = broadcast_at(x[0], i) - broadcast_at(x[1], i);
      sum += d * d;
    });
    return tabulate({}, float64, [&](auto&) { return sum / divisor; });
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/loss.def"
#include "autograd/ops/define.h"
