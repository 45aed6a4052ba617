#include "tests/support/op_check.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/gradcheck/numeric.h"
#include "autograd/gradcheck/sample_inputs.h"
#include "autograd/graph/function.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "tests/support/compare.h"
#include "tests/support/op_picture.h"
#include "tests/support/op_run.h"
#include "tests/support/wrong_inputs.h"

namespace taper::test {

using namespace gradcheck_detail;

namespace {

constexpr double exact = 1e-11;  ///< two float64 computations of one thing
constexpr double single = 3e-5;  ///< float32 against float64

/// y = x, whose gradient comes back too large by 1 %.
struct PlantedFault : autograd::Function<PlantedFault> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x; }
  static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0] * 1.01}; }
};

bool has_gradients(const tensor_list& inputs, const Results& results) {
  bool wanted = false, floating = false;
  for (const Tensor& x : inputs) wanted = wanted || x.requires_grad();
  for (const Tensor& y : results.outputs)
    floating = floating || (y.defined() && y.is_floating_point());
  return wanted && floating;
}

bool all_finite(const tensor_list& outputs) {
  for (const Tensor& y : outputs)
    for (double v : values(y))
      if (!std::isfinite(v)) return false;
  return true;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return std::memcmp(a.data_ptr(), b.data_ptr(), size_t(a.nbytes())) == 0;
}

class OpCheck {
 public:
  explicit OpCheck(const OpEntry& op) : op_(op) { result_.op = &op; }

  OpResult run_all() {
    check_info();
    std::vector<Sample> samples = op_.samples();
    expect(Check::info, "", samples.empty() ? "no samples" : "");
    for (const Sample& sample : samples) {
      try {
        check_sample(sample);
      } catch (const std::exception& error) {
        expect(Check::value, sample.label, fmt::format("threw {}", error.what()));
      }
    }
    if (op_.has_in_place && !result_.checks[size_t(Check::in_place)])
      expect(Check::in_place, "", "no sample tries the in-place form");
    if (any_gradient_ && !result_.checks[size_t(Check::control)])
      expect(Check::control, "", "no sample has a gradient large enough to see a fault in");
    return result_;
  }

 private:
  /// Counts a check; a text is what went wrong.
  void expect(Check check, const std::string& label, const std::string& wrong) {
    ++result_.checks[size_t(check)];
    if (!wrong.empty())
      result_.failures.push_back(
          fmt::format("{} [{}] {}: {}", op_.id, label, check_names[size_t(check)], wrong));
  }

  void check_info() {
    auto filled = [&](const char* text, const char* what) {
      expect(Check::info, "", *text ? "" : fmt::format("no {}", what));
    };
    filled(op_.info->name, "name");
    filled(op_.info->formula, "formula");
    filled(op_.info->doc, "doc");
    if (op_.type && op_.type->differentiable()) filled(op_.info->grad, "grad");
  }

  void check_sample(const Sample& s) {
    if (s.tolerance > 0) {
      expect(Check::info, s.label,
             s.tolerance_reason.empty() ? "a wider tolerance without a reason" : "");
      if (s.tolerance > result_.tolerance) {
        result_.tolerance = s.tolerance;
        result_.tolerance_reason = s.tolerance_reason;
      }
    }
    tensor_list inputs = sample_inputs(s);
    Results base = run(s.run, inputs);
    check_memory(s, inputs, base);
    check_value(s, inputs, base);
    check_gradients(s, inputs, base);
    expect(Check::picture, s.label, picture_fault(op_, base.outputs));
    check_float32(s, base);
    check_layouts(s, inputs, base);
    check_in_place(s, inputs, base);
    for (const OtherInputs& empty : empty_inputs(inputs)) check_empty(s, empty);
    for (const OtherInputs& wrong : wrong_inputs(inputs))
      expect(Check::errors, s.label + ", " + wrong.what, wrong_answer(s.run, wrong));
  }

  void check_value(const Sample& s, const tensor_list& inputs, const Results& base) {
    bool in_single = false;
    for (const Tensor& y : base.outputs)
      in_single = in_single || (y.defined() && y.dtype() == float32);
    expect(Check::value, s.label,
           s.reference
               ? difference(base.outputs, s.reference(copies(inputs)), in_single ? single : exact)
               : "no reference");
  }

  /// Values and gradients of inputs without elements or dimensions, where the op takes them.
  void check_empty(const Sample& s, const OtherInputs& empty) {
    Sample named = s;
    named.label += ", " + empty.what;
    Results got;
    try {
      got = run(s.run, copies(empty.inputs));
    } catch (const Error& error) {
      return expect(Check::empty, named.label, malformed(error.what()));
    }
    if (!s.fixed_shapes)
      expect(Check::empty, named.label,
             difference(got.outputs, s.reference(copies(empty.inputs)), exact));
    if (has_gradients(empty.inputs, got) && all_finite(got.outputs))
      expect_gradients(named, s.run, empty.inputs, Check::empty, Check::empty);
  }

  void check_memory(const Sample& s, const tensor_list& inputs, const Results& base) {
    tensor_list fresh = sample_inputs(s);
    std::string wrong;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!same_bits(inputs[i], fresh[i])) wrong = fmt::format("input {} was changed", i);
      if (inputs[i].version() != 0) wrong = fmt::format("input {} counts a write", i);
    }
    expect(Check::memory, s.label, wrong);
    for (const Tensor& y : base.outputs)
      for (const Tensor& x : inputs)
        if (y.defined() && y.is_alias_of(x) && !y.is_same(x) && !y.is_view())
          expect(Check::memory, s.label,
                 "an output shares memory with an input without being its view");
  }

  GradcheckOptions options(const Sample& s, int order) const {
    GradcheckOptions o{.order = order, .seed = 17};
    o.atol = std::max(o.atol, s.tolerance);
    o.rtol = std::max(o.rtol, s.tolerance);
    return o;
  }

  /// Both orders, counted apart.
  void expect_gradients(const Sample& s, const Sample::Function& f, const tensor_list& inputs,
                        Check first, Check second) {
    GradcheckReport report = gradcheck(f, inputs, options(s, 2));
    bool larger = !(report.worst.error <= result_.worst_error);  // NaN is
    if (larger && !std::isnan(result_.worst_error)) result_.worst_error = report.worst.error;
    std::string one, two;
    for (const std::string& failure : report.failures)
      (failure.starts_with("order 2") ? two : one) +=
          (one.empty() && two.empty() ? "" : " | ") + failure;
    expect(first, s.label, one);
    if (one.empty()) expect(second, s.label, two);
  }

  void check_gradients(const Sample& s, const tensor_list& inputs, const Results& base) {
    if (!has_gradients(inputs, base)) return;
    expect_gradients(s, s.run, inputs, Check::order1, Check::order2);
    if (op_.type && (op_.type->formulas || op_.type->backward_formula || has_element_rules()))
      check_formulas(s, inputs, base);
    check_control(s, inputs, base);
  }

  /// Whether gradients may come from rules over single elements, which formulas never do.
  bool has_element_rules() const { return op_.info->pointwise && op_.type->rules > 0; }

  void check_formulas(const Sample& s, const tensor_list& inputs, const Results& base) {
    FormulaGuard formulas;
    expect(Check::formulas, s.label,
           gradient_difference(run(s.run, inputs).gradients, base.gradients, exact));
    expect_gradients(s, s.run, inputs, Check::formulas, Check::formulas);
  }

  void check_control(const Sample& s, const tensor_list& inputs, const Results& base) {
    size_t g = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i].requires_grad()) continue;
      double largest = 0;
      for (double v : values(base.gradients[g++])) largest = std::max(largest, std::abs(v));
      if (largest == 0) continue;
      any_gradient_ = true;
      GradcheckOptions o = options(s, 1);
      if (0.005 * largest < o.atol + o.rtol * largest) continue;  // too small to tell
      auto faulty = [&](const tensor_list& x) {
        tensor_list changed = x;
        changed[i] = PlantedFault::apply(x[i]);
        return s.run(changed);
      };
      expect(Check::control, s.label,
             gradcheck(faulty, inputs, o).ok()
                 ? fmt::format("a fault of 1 % in the gradient of input {} passed", i)
                 : "");
    }
  }

  void check_float32(const Sample& s, const Results& base) {
    tensor_list inputs = sample_inputs(s, float32);
    bool any = false;
    for (size_t i = 0; i < inputs.size(); ++i) any = any || inputs[i].dtype() != s.inputs[i].dtype;
    if (!any) return;
    Results got = run(s.run, inputs);
    double tolerance = std::max(single, s.tolerance);
    std::string wrong = difference(got.outputs, base.outputs, tolerance);
    if (wrong.empty()) wrong = gradient_difference(got.gradients, base.gradients, tolerance);
    for (size_t k = 0; wrong.empty() && k < got.outputs.size(); ++k)
      if (got.outputs[k].defined() && base.outputs[k].dtype() == float64 &&
          got.outputs[k].dtype() != float32)
        wrong = fmt::format("output {} is {}; expected float32", k, got.outputs[k].dtype());
    expect(Check::float32, s.label, wrong);
  }

  /// As difference of values and gradients; ops may refuse a layout if they say what they want.
  void expect_same(Check check, const Sample& s, const tensor_list& inputs,
                   const Results& expected) {
    std::string wrong;
    try {
      Results got = run(s.run, inputs);
      wrong = difference(got.outputs, expected.outputs, exact);
      if (wrong.empty()) wrong = gradient_difference(got.gradients, expected.gradients, exact);
    } catch (const Error& error) {
      std::string_view text = error.what();
      bool refused =
          text.ends_with("expected contiguous()") || text.ends_with("expected reshape()");
      wrong = refused ? "" : fmt::format("threw {}", text);
    }
    expect(check, s.label, wrong);
  }

  void check_layouts(const Sample& s, const tensor_list& inputs, const Results& base) {
    if (inputs.empty()) return;
    tensor_list in_strides;
    for (const Tensor& x : inputs) in_strides.push_back(strided(x));
    expect_same(Check::strided, s, in_strides, base);
    check_blocks(s, inputs, base);
    for (bool last : {false, true}) {
      tensor_list repeated;
      for (const Tensor& x : inputs) repeated.push_back(expanded(x, last));
      expect_same(Check::expanded, s, repeated, run(s.run, copies(repeated)));
    }
  }

  void check_blocks(const Sample& s, const tensor_list& inputs, const Results& base) {
    tensor_list all, one = copies(inputs);
    for (const Tensor& x : inputs) all.push_back(lying_in_blocks(x));
    one[0] = lying_in_blocks(inputs[0]);
    expect_same(Check::blocks, s, all, base);
    expect_same(Check::blocks, s, one, base);
  }

  void check_in_place(const Sample& s, const tensor_list& inputs, const Results& base) {
    Sample::Function f = op_.in_place ? op_.in_place : s.in_place;
    if (!op_.has_in_place || !f) return;
    const Tensor& y = base.outputs[0];
    if (!(y.sizes() == inputs[0].sizes()) || y.dtype() != inputs[0].dtype()) return;
    auto on_whole = [&](const tensor_list& x) {
      tensor_list changed = x;
      changed[0] = x[0].clone();
      int64_t before = changed[0].version();
      tensor_list out = f(changed);
      if (!out[0].is_same(changed[0]) || changed[0].version() <= before) out[0] = {};
      return out;
    };
    auto in_blocks = [&](const tensor_list& x) {
      tensor_list changed = x;
      bool numbers = x[0].dtype() != boolean;
      changed[0] = numbers ? x[0] * lying_in_blocks(ones_like(x[0])) : x[0].clone();
      return tensor_list{f(changed)[0]};
    };
    auto on_view = [&](const tensor_list& x) {
      Tensor twice = x[0].unsqueeze(0).expand(with_two(x[0])).clone();
      tensor_list changed = x;
      changed[0] = twice[1];
      f(changed);
      return tensor_list{twice[1]};
    };
    for (const Sample::Function& form : {Sample::Function(on_whole), Sample::Function(in_blocks),
                                         Sample::Function(on_view), op_.of_temporaries}) {
      if (!form) continue;
      Results got = run(form, inputs);
      std::string wrong = difference(got.outputs, base.outputs, exact);
      if (wrong.empty()) wrong = gradient_difference(got.gradients, base.gradients, exact);
      expect(Check::in_place, s.label, wrong);
      if (base.outputs[0].requires_grad())
        expect_gradients(s, form, inputs, Check::in_place, Check::in_place);
    }
  }

  static Shape with_two(const Tensor& x) {
    Shape sizes(x.sizes());
    sizes.insert(0, 2);
    return sizes;
  }

  const OpEntry& op_;
  OpResult result_;
  bool any_gradient_ = false;
};

}  // namespace

int OpResult::total() const {
  int sum = 0;
  for (int n : checks) sum += n;
  return sum;
}

OpResult check_op(const OpEntry& op) { return OpCheck(op).run_all(); }

}  // namespace taper::test
