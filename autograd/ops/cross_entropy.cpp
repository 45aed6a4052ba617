#include <cmath>

#include "autograd/graph/grad_mode.h"
#include "autograd/kernels/softmax.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper {

static Attribute::Value attribute_value(Reduction r) {
  return std::string(r == Reduction::none ? "none" : r == Reduction::mean ? "mean" : "sum");
}

}  // namespace taper

namespace taper::ops {

/// The options of a cross entropy and what both its ops need of them. Inputs: x, the target (int64
/// classes or probabilities) and the classes' weight (or undefined).
struct CrossEntropyBase {
  Reduction reduction = Reduction::mean;
  int64_t ignore_index = -100;
  double label_smoothing = 0;

  void set(const CrossEntropyOptions& o) {
    reduction = o.reduction;
    ignore_index = o.ignore_index;
    label_smoothing = o.label_smoothing;
  }
  CrossEntropyOptions options(const Tensor& weight) const {
    return {.weight = weight,
            .ignore_index = ignore_index,
            .reduction = reduction,
            .label_smoothing = label_smoothing};
  }

  void check(const OpInfo& info, const Tensor& x, const Tensor& target,
             const Tensor& weight) const {
    check_class_scores(info, x, weight);
    if (!(label_smoothing >= 0 && label_smoothing <= 1))
      fail(info.name, "label_smoothing is {}; expected 0 to 1", label_smoothing);
    bool classes = target.dtype() == int64;
    if (!classes && target.dtype() != x.dtype())
      fail(info.name, "target is {}; expected int64 classes or {} probabilities", target.dtype(),
           x.dtype());
    Shape expected = classes ? row_shape(x) : Shape(x.sizes());
    if (!(target.sizes() == IntList(expected)))
      fail(info.name, "target has shape {}, input {}; expected {} {}", target.sizes(), x.sizes(),
           classes ? "classes of shape" : "probabilities of shape", expected);
  }
  kernels::CrossEntropyTarget target_of(const Tensor& target, const Tensor& weight) const {
    kernels::CrossEntropyTarget t;
    (target.dtype() == int64 ? t.classes : t.probabilities) = plain(target);
    t.weight = plain(weight);
    t.ignore_index = ignore_index;
    t.label_smoothing = label_smoothing;
    return t;
  }

  /// dy / B, as it broadcasts to x; where B is 0 because all rows are ignored, 0.
  Tensor scaled(const Tensor& dy, const Tensor& x, const Tensor& target,
                const Tensor& weight) const {
    int64_t dim = int64_t(class_dim(x));
    if (reduction == Reduction::none) return dy.unsqueeze(dim);
    // Of no rows there is nothing to scale, and their mean would make NaN of the gradient by dy.
    if (reduction != Reduction::mean || x.numel() == 0) return dy;
    double b = divisor(x, target, weight);
    if (b != 0 || target.dtype() != int64) return dy / b;
    return dy * where((target == ignore_index).unsqueeze(dim), 0, 1 / b).to(x.dtype());
  }
  double divisor(const Tensor& x, const Tensor& target, const Tensor& weight) const {
    if (reduction != Reduction::mean) return 1;
    NoGradGuard no_grad;
    Tensor t = target.contiguous(), w = weight.defined() ? weight.contiguous() : weight;
    return target_of(t, w).divisor(kernels::SoftmaxRows(x.sizes(), class_dim(x)));
  }
  /// The class weights as they broadcast to x.
  Tensor weight_of(const Tensor& x, const Tensor& weight) const {
    if (!weight.defined()) return ones({}, {.dtype = x.dtype()});
    Shape wide(size_t(x.dim()), 1);
    wide[class_dim(x)] = -1;
    return weight.detach().reshape(wide);
  }
  /// The report's y: one-hot or probabilities, smoothed and weighted; x's shape.
  Tensor y_of(const Tensor& x, const Tensor& target, const Tensor& weight) const {
    int64_t dim = int64_t(class_dim(x));
    Tensor y = target;
    if (target.dtype() == int64) {
      Shape wide(size_t(x.dim()), 1);
      wide[size_t(dim)] = x.size(dim);
      y = (target.unsqueeze(dim) == arange(x.size(dim)).reshape(wide)).to(x.dtype());
    }
    if (label_smoothing != 0) y = y * (1 - label_smoothing) + label_smoothing / double(x.size(dim));
    if (weight.defined()) y = y * weight_of(x, weight);
    if (target.dtype() == int64) y = where((target == ignore_index).unsqueeze(dim), 0, y);
    return y;
  }

  // The slow truth, element by element. in: x, target, perhaps weight; i: an index into x.
  double slow_weight(const tensor_list& in, int64_t c) const {
    return in.size() > 2 ? element_at(in[2], {c}) : 1;
  }
  double slow_y(const tensor_list& in, const Shape& i) const;
  /// What the rows' losses are divided by.
  double slow_divisor(const tensor_list& in) const;
};

double CrossEntropyBase::slow_y(const tensor_list& in, const Shape& i) const {
  size_t dim = class_dim(in[0]);
  Shape row = i;
  row.erase(dim);
  double y = 0;
  if (in[1].dtype() == int64) {
    int64_t c = int64_t(element_at(in[1], row));
    if (c == ignore_index) return 0;
    y = c == i[dim] ? 1 : 0;
  } else {
    y = element_at(in[1], i);
  }
  y += label_smoothing * (1 / double(in[0].sizes()[dim]) - y);
  return y * slow_weight(in, i[dim]);
}

double CrossEntropyBase::slow_divisor(const tensor_list& in) const {
  if (reduction != Reduction::mean) return 1;
  double sum = 0;
  bool classes = in[1].dtype() == int64;
  for_each_index(row_shape(in[0]), [&](const Shape& row) {
    int64_t c = classes ? int64_t(element_at(in[1], row)) : 0;
    if (!classes)
      sum += 1;
    else if (c != ignore_index)
      sum += slow_weight(in, c);
  });
  return sum;
}

struct CrossEntropy : CrossEntropyBase {
  static constexpr OpInfo info{
      .name = "cross_entropy",
      .formula = "L = -sum(y log(softmax(x))) / B",
      .grad = "dx = dL (softmax(x) - y) / B; dy = -dL log(softmax(x)) / B",
      .doc =
          "Softmax with cross entropy: x [N, C, ..] or [C], "
          "the target int64 classes [N, ..] or probabilities of x's shape"};
  FIELDS(reduction, ignore_index, label_smoothing)

  static Tensor call(const Tensor& x, const Tensor& target, const CrossEntropyOptions& options) {
    CrossEntropy op;
    op.set(options);
    return apply(op, x, target, options.weight);
  }
  void infer(Inputs x, Specs& y) const {
    check(info, x[0], x[1], x[2]);
    Shape rows = row_shape(x[0]);
    y.packed(0, 1, 2);
    y.fresh(reduction == Reduction::none ? rows : Shape(), x[0].dtype());
    y.scratch(numel(rows) * int64_t(sizeof(double)));
  }
  void forward(Inputs x, Outputs y) const {
    if (x[1].dtype() == int64) check_classes(info, x[0], x[1], ignore_index);
    kernels::SoftmaxRows rows(x[0].sizes(), class_dim(x[0]));
    auto* losses = static_cast<double*>(y.scratch());
    kernels::CrossEntropyTarget target = target_of(x[1], x[2]);
    kernels::cross_entropy(rows, target, plain(x[0]), losses);
    dispatch_floating(x[0].dtype(), [&](auto v) {
      using V = decltype(v);
      V* out = plain(y[0]).as<V>();
      if (reduction == Reduction::none)
        return void(
            std::transform(losses, losses + rows.count(), out, [](double l) { return V(l); }));
      double sum = 0;
      for (int64_t r = 0; r < rows.count(); ++r) sum += losses[r];
      *out = V(reduction == Reduction::mean ? sum / target.divisor(rows) : sum);
    });
  }

  Tensor dx(Dy dy, X x, In<1> target, In<2> weight) const {
    return cross_entropy_input(dy, x, target, options(weight));
  }
  Tensor dtarget(Dy dy, X x, In<1> target, In<2> weight) const {
    Tensor log_p = log_softmax(x, int64_t(class_dim(x)));
    return scaled(dy, x, target, weight) * (label_smoothing - 1) * weight_of(x, weight) * log_p;
  }
  static constexpr auto grads = rules(&CrossEntropy::dx, &CrossEntropy::dtarget);

  /// The report's equation 17.
  Tensor dx_formula(Dy dy, X x, In<1> target, In<2> weight) const {
    int64_t dim = int64_t(class_dim(x));
    Tensor y = y_of(x, target, weight);
    return scaled(dy, x, target, weight) * (y.sum(dim, true) * softmax(x, dim) - y);
  }
  static constexpr auto formulas = rules(&CrossEntropy::dx_formula, &CrossEntropy::dtarget);

  Tensor slow(const tensor_list& x) const;
  static std::vector<Sample> samples();
};

/// Probabilities by exp and log as written, summed up in double.
Tensor CrossEntropy::slow(const tensor_list& in) const {
  const Tensor& x = in[0];
  int64_t dim = int64_t(class_dim(x));
  Tensor losses = zeros(row_shape(x), {.dtype = float64}), sum = zeros({}, {.dtype = float64});
  for_each_index(x.sizes(), [&](const Shape& i) {
    double p = std::exp(element_at(x, i)) / sum_of_exp(x, i, dim);
    double loss = -slow_y(in, i) * std::log(p);
    Shape row = i;
    row.erase(size_t(dim));
    element_of(losses, row) += loss;
    element_of(sum, {}) += loss;
  });
  if (reduction == Reduction::none) return losses;
  element_of(sum, {}) /= slow_divisor(in);
  return sum;
}

struct LossSample {
  std::vector<SampleInput> inputs;  ///< x, target, perhaps weight
  CrossEntropyOptions options;
};

static constexpr size_t all_ignored = 3;  ///< which sample that is

static std::vector<LossSample> cross_entropy_samples() {
  SampleInput classes{.sizes = {4}, .lo = 0, .hi = 3, .dtype = int64, .differentiable = false};
  SampleInput pixels = classes;
  pixels.sizes = {2, 2};
  SampleInput one = classes;
  one.sizes = {};
  auto all_of = [&](double c) {
    SampleInput same = classes;
    same.lo = c;
    same.hi = c + 1;
    return same;
  };
  SampleInput weight{.sizes = {3}, .lo = 0.5, .hi = 2, .differentiable = false};
  return {
      {{{{4, 3}}, classes}, {}},
      {{{{4, 3}}, {{4, 3}, 0.1, 1}}, {}},
      {{{{4, 3}}, classes, weight}, {.ignore_index = 1, .label_smoothing = 0.2}},
      {{{{4, 3}}, all_of(1)}, {.ignore_index = 1, .reduction = Reduction::sum}},
      {{{{4, 3}}, {{4, 3}, 0.1, 1}, weight}, {.reduction = Reduction::sum, .label_smoothing = 0.2}},
      {{{{2, 3, 2}}, pixels}, {.reduction = Reduction::none}},
      {{{{3}}, one}, {}}};
}

std::vector<Sample> CrossEntropy::samples() {
  std::vector<Sample> out;
  for (const LossSample& s : cross_entropy_samples()) {
    CrossEntropy op;
    op.set(s.options);
    auto run = [op](const tensor_list& x) {
      return tensor_list{apply(op, x[0], x[1], x.size() > 2 ? x[2] : Tensor())};
    };
    auto slow = [op](const tensor_list& x) { return tensor_list{op.slow(x)}; };
    out.emplace_back(s.inputs, to_string(attributes_of(op)), run, slow);
  }
  return out;
}

struct CrossEntropyInput : CrossEntropyBase {
  static constexpr OpInfo info{.name = "cross_entropy_input",
                               .formula = "dx = dy (softmax(x) - target) / B",
                               .grad =
                                   "ddy = sum(g (softmax(x) - target)) / B; "
                                   "dx = dy softmax(x) (g - sum(g softmax(x))) / B",
                               .doc = "The gradient of cross_entropy in x"};
  FIELDS(reduction, ignore_index, label_smoothing)

  static Tensor call(const Tensor& dy, const Tensor& x, const Tensor& target,
                     const CrossEntropyOptions& options) {
    CrossEntropyInput op;
    op.set(options);
    return apply(op, dy, x, target, options.weight);
  }
  void infer(Inputs x, Specs& y) const {
    check(info, x[1], x[2], x[3]);
    Shape expected = reduction == Reduction::none ? row_shape(x[1]) : Shape();
    if (!(x[0].sizes() == IntList(expected)))
      fail(info.name, "dy has shape {}; expected {}", x[0].sizes(), expected);
    if (x[0].dtype() != x[1].dtype())
      fail(info.name, "dy is {}, input {}; expected one type", x[0].dtype(), x[1].dtype());
    y.packed(0, 1, 2, 3);
    y.fresh(x[1].sizes(), x[1].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    if (x[2].dtype() == int64) check_classes(info, x[1], x[2], ignore_index);
    kernels::SoftmaxRows rows(x[1].sizes(), class_dim(x[1]));
    kernels::CrossEntropyTarget target = target_of(x[2], x[3]);
    kernels::cross_entropy_input(rows, target,
                                 reduction == Reduction::mean ? target.divisor(rows) : 1,
                                 plain(x[0]), plain(x[1]), plain(y[0]));
  }

  Tensor ddy(Dy g, In<1> x, In<2> target, In<3> weight) const {
    int64_t dim = int64_t(class_dim(x));
    Tensor y = y_of(x, target, weight);
    Tensor rows = (g * (y.sum(dim, true) * softmax(x, dim) - y)).sum(dim, true);
    if (reduction == Reduction::none) return rows.squeeze(dim);
    if (g.numel() == 0) return rows.sum();  // nothing depends on dy, though B is 0
    return (rows * scaled(ones({}, {.dtype = x.dtype()}), x, target, weight)).sum();
  }
  Tensor dx(Dy g, A dy, In<1> x, In<2> target, In<3> weight) const {
    int64_t dim = int64_t(class_dim(x));
    Tensor s = softmax(x, dim), q = y_of(x, target, weight).sum(dim, true);
    return scaled(dy, x, target, weight) * q * s * (g - (g * s).sum(dim, true));
  }
  Tensor dtarget(Dy g, A dy, In<1> x, In<2> target, In<3> weight) const {
    int64_t dim = int64_t(class_dim(x));
    Tensor mean = (g * softmax(x, dim)).sum(dim, true);
    return scaled(dy, x, target, weight) * (1 - label_smoothing) * weight_of(x, weight) *
           (mean - g);
  }
  static constexpr auto grads =
      rules(&CrossEntropyInput::ddy, &CrossEntropyInput::dx, &CrossEntropyInput::dtarget);

  /// dy / B times the sum over classes k of y_k d(-log p_k) / dx.
  Tensor slow(const tensor_list& x) const {
    tensor_list in(x.begin() + 1, x.end());
    int64_t dim = int64_t(class_dim(in[0]));
    double b = slow_divisor(in);
    return tabulate(in[0].sizes(), float64, [&](const Shape& i) {
      double p = std::exp(element_at(in[0], i)) / sum_of_exp(in[0], i, dim), dx = 0;
      Shape k = i, row = i;
      row.erase(size_t(dim));
      for (k[size_t(dim)] = 0; k[size_t(dim)] < in[0].size(dim); ++k[size_t(dim)])
        dx += slow_y(in, k) * (k == i ? p - 1 : p);
      return b == 0 ? 0 : broadcast_at(x[0], row) * dx / b;  // all rows are ignored
    });
  }

  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    std::vector<LossSample> cases = cross_entropy_samples();
    // The loss is NaN, its gradient 0.
    cases.push_back(cases[all_ignored]);
    cases.back().options.reduction = Reduction::mean;
    for (const LossSample& s : cases) {
      CrossEntropyInput op;
      op.set(s.options);
      std::vector<SampleInput> inputs = s.inputs;
      Shape dy;
      if (op.reduction == Reduction::none) dy = inputs[1].sizes;
      inputs.insert(inputs.begin(), SampleInput{dy});
      auto run = [op](const tensor_list& x) {
        return tensor_list{apply(op, x[0], x[1], x[2], x.size() > 3 ? x[3] : Tensor())};
      };
      auto slow = [op](const tensor_list& x) { return tensor_list{op.slow(x)}; };
      out.emplace_back(inputs, to_string(attributes_of(op)), run, slow);
    }
    return out;
  }
};

struct CrossEntropyLoss {
  static constexpr OpInfo info{
      .name = "cross_entropy_loss",
      .formula = "L = -sum(y log(softmax(x))) / B",
      .doc = "cross_entropy with its options by position, as LibTorch has it"};
  static Tensor call(const Tensor& x, const Tensor& target, const Tensor& weight,
                     Reduction reduction, int64_t ignore_index, double label_smoothing) {
    return cross_entropy(x, target,
                         {.weight = weight,
                          .ignore_index = ignore_index,
                          .reduction = reduction,
                          .label_smoothing = label_smoothing});
  }
  static std::vector<Sample> samples() {
    CrossEntropy same;
    same.set({.reduction = Reduction::sum, .label_smoothing = 0.1});
    return {{{{{4, 3}}, {{4, 3}, 0.1, 1}},
             "{}, sum, -100, 0.1",
             [](auto& x) {
               return tensor_list{cross_entropy_loss(x[0], x[1], {}, Reduction::sum, -100, 0.1)};
             },
             [same](auto& x) { return tensor_list{same.slow(x)}; }}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/cross_entropy.def"
#include "autograd/ops/define.h"
