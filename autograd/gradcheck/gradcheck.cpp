#include "autograd/gradcheck/gradcheck.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "autograd/gradcheck/numeric.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"

namespace taper {

using namespace gradcheck_detail;

namespace {

struct Named {
  Tensor tensor;
  std::string name;
};

using Values =
    std::vector<std::vector<double>>;  ///< of several tensors, or of none where undefined

bool is_output(const Tensor& y) { return y.defined() && y.is_floating_point(); }

Values values_of(const std::vector<Named>& list) {
  Values out;
  for (const auto& [t, name] : list)
    out.push_back(is_output(t) ? values(t) : std::vector<double>());
  return out;
}

/// One order of a check: the derivatives of function's outputs by the variables. The variables are
/// changed where they lie, one element at a time, and function is run again.
class Comparison {
 public:
  using Function = std::function<std::vector<Named>()>;

  Comparison(int order, Function function, const std::vector<Named>& variables,
             const GradcheckOptions& options, GradcheckReport& report)
      : order_(order),
        function_(std::move(function)),
        variables_(variables),
        options_(options),
        report_(report) {}

  void run() {
    Random random(options_.seed + uint64_t(order_));
    outputs_ = function_();
    at_rest_ = values_of(outputs_);
    for (const auto& [y, name] : outputs_) {
      weights_.push_back(is_output(y) ? random_weights(y.sizes(), random).detach() : Tensor());
      weight_values_.push_back(values(weights_.back()));
      if (is_output(y) && y.dtype() != float64)
        report_.failures.push_back(
            fmt::format("order {}: {} is {}; expected float64", order_, name, y.dtype()));
    }
    if (!report_.ok() || !deterministic()) return;
    tensor_list gradients = analytic_gradients();
    for (size_t i = 0; i < variables_.size(); ++i) compare(variables_[i], gradients[i]);
  }

 private:
  struct Difference {
    double numeric;
    double left, right;            ///< the one-sided ones
    std::vector<size_t> detached;  ///< outputs that change but do not require grad
  };

  Values outputs() const { return values_of(function_()); }

  bool deterministic() {
    Values again = outputs();
    for (size_t k = 0; k < at_rest_.size(); ++k) {
      bool same_size = again.size() == at_rest_.size() && again[k].size() == at_rest_[k].size();
      int64_t at = same_size ? first_difference(at_rest_[k], again[k]) : 0;
      if (at < 0) continue;
      std::string text =
          fmt::format("order {}: the function is not deterministic; two calls ", order_);
      if (!same_size)
        text += "gave outputs of different shapes";
      else
        text += fmt::format("gave {:.6g} and {:.6g} in {} at {}", at_rest_[k][size_t(at)],
                            again[k][size_t(at)], outputs_[k].name,
                            index_of(outputs_[k].tensor.sizes(), at));
      report_.failures.push_back(text);
      return false;
    }
    return true;
  }

  tensor_list analytic_gradients() const {
    tensor_list y, dy, x;
    for (size_t k = 0; k < outputs_.size(); ++k)
      if (is_output(outputs_[k].tensor) && outputs_[k].tensor.requires_grad()) {
        y.push_back(outputs_[k].tensor);
        dy.push_back(weights_[k]);
      }
    for (const auto& [variable, name] : variables_) x.push_back(variable);
    if (y.empty()) return tensor_list(x.size());
    return grad(y, x, dy, {.allow_unused = true});
  }

  /// The outputs with an element changed; it gets its value back, whatever function throws.
  Values outputs_at(double* element, double changed) const {
    struct Restored {
      double* element;
      double value;
      ~Restored() { *element = value; }
    } restored{element, *element};
    *element = changed;
    Values out = outputs();
    if (out.size() != at_rest_.size())
      fail("gradcheck", "the function gave {} outputs, with another input {}; expected as many",
           at_rest_.size(), out.size());
    for (size_t k = 0; k < out.size(); ++k)
      if (out[k].size() != at_rest_[k].size())
        fail("gradcheck", "{} changes its shape with the input; expected a fixed one",
             outputs_[k].name);
    return out;
  }

  Difference difference(double* element) {
    double x = *element;
    double above = x + options_.eps, below = x - options_.eps;
    Values up = outputs_at(element, above), down = outputs_at(element, below);
    Difference out{};
    for (size_t k = 0; k < at_rest_.size(); ++k) {
      double central = projected_difference(weight_values_[k], up[k], down[k]) / (above - below);
      out.numeric += central;
      out.right += projected_difference(weight_values_[k], up[k], at_rest_[k]) / (above - x);
      out.left += projected_difference(weight_values_[k], at_rest_[k], down[k]) / (x - below);
      if (is_output(outputs_[k].tensor) && !outputs_[k].tensor.requires_grad() &&
          !(std::abs(central) <= options_.atol))
        out.detached.push_back(k);
    }
    return out;
  }

  void compare(const Named& variable, const Tensor& gradient) {
    std::vector<double*> x = elements(variable.tensor);
    std::vector<double> analytic =
        gradient.defined() ? values(gradient) : std::vector<double>(x.size());
    GradcheckReport::Element worst;
    Difference at_worst{};
    size_t wrong = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      Difference d = difference(x[i]);
      GradcheckReport::Element e{.order = order_,
                                 .input = variable.name,
                                 .index = index_of(variable.tensor.sizes(), int64_t(i)),
                                 .analytic = analytic[i],
                                 .numeric = d.numeric,
                                 .error = std::abs(analytic[i] - d.numeric),
                                 .tolerance = options_.atol + options_.rtol * std::abs(d.numeric)};
      ++report_.elements;
      wrong += passes(e) ? 0 : 1;
      if (!worse(e, worst)) continue;
      worst = std::move(e);
      at_worst = std::move(d);
    }
    if (worse(worst, report_.worst)) report_.worst = worst;
    if (wrong > 0) add_failure(worst, at_worst, wrong, x.size(), gradient.defined());
  }

  // A NaN passes no comparison, so it neither passes nor is better than anything. An infinite
  // difference would have an infinite tolerance.
  static bool passes(const GradcheckReport::Element& e) {
    return std::isfinite(e.numeric) && e.error <= e.tolerance;
  }
  static bool worse(const GradcheckReport::Element& a, const GradcheckReport::Element& b) {
    if (a.order == 0) return false;
    if (b.order == 0) return true;
    if (passes(a) != passes(b)) return passes(b);
    if (std::isnan(b.error)) return false;
    return !(a.error * b.tolerance <= b.error * a.tolerance);
  }

  void add_failure(const GradcheckReport::Element& e, const Difference& d, size_t wrong, size_t all,
                   bool gradient_defined) {
    std::string text = fmt::format(
        "order {}: {} at {}: analytic {:.6g}, numeric {:.6g}, error {:.3g}, tolerance {:.3g}; {} "
        "of {} elements differ",
        order_, e.input, e.index, e.analytic, e.numeric, e.error, e.tolerance, wrong, all);
    for (size_t k : d.detached)
      text += fmt::format("; {} is detached: it changes with the input but does not require grad",
                          outputs_[k].name);
    if (!gradient_defined && d.detached.empty()) text += "; its gradient is undefined";
    double largest = std::max(std::abs(d.left), std::abs(d.right));
    if (std::abs(d.left - d.right) > 10 * (options_.atol + options_.rtol * largest))
      text += fmt::format("; kink suspected: the one-sided differences are {:.6g} and {:.6g}",
                          d.left, d.right);
    report_.failures.push_back(text);
  }

  int order_;
  Function function_;
  const std::vector<Named>& variables_;
  const GradcheckOptions& options_;
  GradcheckReport& report_;
  std::vector<Named> outputs_;
  tensor_list weights_;
  Values weight_values_, at_rest_;
};

void add_variables(const tensor_list& tensors, const char* kind, std::vector<Named>& variables,
                   GradcheckReport& report) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (!t.defined() || !t.requires_grad()) continue;
    std::string name = fmt::format("{} {}", kind, i);
    report.checked.push_back(fmt::format("{} {}", name, t.sizes()));
    if (t.dtype() != float64)
      report.failures.push_back(fmt::format("{} is {}; expected float64", name, t.dtype()));
    else if (overlaps(t))
      report.failures.push_back(
          fmt::format("{} of shape {} has elements that share memory; expected a clone() of it",
                      name, t.sizes()));
    variables.push_back({t, name});
  }
}

/// The gradients of f's outputs as a function of the variables and of the output gradients, which
/// join them.
Comparison::Function gradient_function(const Comparison::Function& f, std::vector<Named>& variables,
                                       uint64_t seed) {
  Random random(seed);
  tensor_list dy;
  std::vector<size_t> which;
  std::vector<Named> y = f();
  for (size_t k = 0; k < y.size(); ++k) {
    if (!is_output(y[k].tensor) || !y[k].tensor.requires_grad()) continue;
    which.push_back(k);
    dy.push_back(random_weights(y[k].tensor.sizes(), random));
  }
  std::vector<Named> by = variables;
  for (size_t n = 0; n < dy.size(); ++n)
    variables.push_back({dy[n], fmt::format("gradient of {}", y[which[n]].name)});
  return [f, by, dy, which] {
    std::vector<Named> y = f(), out;
    tensor_list of, x;
    for (size_t k : which) of.push_back(y[k].tensor);
    for (const Named& v : by) x.push_back(v.tensor);
    tensor_list dx = of.empty() ? tensor_list(x.size())
                                : grad(of, x, dy, {.create_graph = true, .allow_unused = true});
    for (size_t i = 0; i < by.size(); ++i) out.push_back({dx[i], "gradient of " + by[i].name});
    return out;
  };
}

}  // namespace

void detail::add_others(tensor_list& list, const tensor_list& others) {
  for (const Tensor& t : others) {
    bool known = false;
    for (const Tensor& l : list) known = known || l.is_same(t);
    if (!known) list.push_back(t);
  }
}

GradcheckReport detail::gradcheck(const ListFunction& f, const tensor_list& inputs,
                                  const GradcheckOptions& options) {
  if (options.order != 1 && options.order != 2)
    fail("gradcheck", "order {}; expected 1 or 2", options.order);
  GradcheckReport report;
  report.name = options.name;
  report.order = options.order;
  std::vector<Named> variables;
  add_variables(inputs, "input", variables, report);
  add_variables(options.parameters, "parameter", variables, report);
  if (variables.empty()) report.failures.push_back("no input requires grad");
  if (!report.ok()) return report;
  EnableGradGuard grad_enabled;
  Comparison::Function function = [&] {
    std::vector<Named> out;
    for (Tensor& y : f(inputs)) out.push_back({std::move(y), fmt::format("output {}", out.size())});
    return out;
  };
  Comparison(1, function, variables, options, report).run();
  if (options.order == 1 || !report.ok()) return report;
  Comparison::Function gradients = gradient_function(function, variables, options.seed);
  Comparison(2, gradients, variables, options, report).run();
  return report;
}

}  // namespace taper
