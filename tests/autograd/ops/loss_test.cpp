#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"
#include "tests/support/options.h"

using namespace taper;
using namespace taper::test;

namespace {

/// Every kind of target and option: x, target, options.
struct Case {
  Tensor x, target;
  CrossEntropyOptions options;
};

std::vector<Case> cases() {
  manual_seed(2);
  std::vector<Case> out;
  Tensor weight = rand({3}, {.dtype = float64}) + 0.5;
  for (Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum})
    for (double smoothing : {0.0, 0.1})
      for (const Tensor& w : {Tensor(), weight}) {
        CrossEntropyOptions o{
            .weight = w, .ignore_index = 1, .reduction = reduction, .label_smoothing = smoothing};
        out.push_back({randn({4, 3}, leaf), tensor({2, 0, 1, 2}), o});
        out.push_back({randn({2, 3, 2}, leaf), tensor({{0, 2}, {1, 2}}), o});
        out.push_back({randn({4, 3}, leaf), softmax(randn({4, 3}, {.dtype = float64}), 1), o});
        out.push_back({randn({3}, leaf), tensor(2), o});
      }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(losses)

BOOST_AUTO_TEST_CASE(formula_equals_the_kernel) {
  for (const Case& c : cases()) {
    Tensor y = cross_entropy(c.x, c.target, c.options), dy = randn(y.sizes(), {.dtype = float64});
    Tensor fast = grad({y}, {c.x}, {dy}, {.retain_graph = true})[0];
    FormulaGuard formulas;
    BOOST_TEST(max_difference(fast, grad({y}, {c.x}, {dy})[0]) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(gradients_hold_to_finite_differences) {
  for (const Case& c : cases()) {
    auto f = [&](const Tensor& x) { return cross_entropy(x, c.target, c.options); };
    auto fast = gradcheck(f, {c.x}, {.order = 2});
    BOOST_TEST(fast.ok(), to_string(fast));
    FormulaGuard formulas;
    auto written = gradcheck(f, {c.x}, {.order = 2});
    BOOST_TEST(written.ok(), to_string(written));
  }
}

BOOST_AUTO_TEST_CASE(cross_entropy_is_log_softmax_and_nll) {
  for (const Case& c : cases()) {
    if (c.target.dtype() != int64 || c.options.label_smoothing != 0) continue;
    const CrossEntropyOptions& o = c.options;
    Tensor log_p = log_softmax(c.x, c.x.dim() == 1 ? 0 : 1);
    Tensor y =
        nll_loss(log_p, c.target,
                 {.weight = o.weight, .ignore_index = o.ignore_index, .reduction = o.reduction});
    BOOST_TEST(max_difference(y, cross_entropy(c.x, c.target, o)) < 1e-14);
    BOOST_TEST(
        max_difference(y, nll_loss(log_p, c.target, o.weight, o.reduction, o.ignore_index)) == 0);
    BOOST_TEST(
        max_difference(cross_entropy_loss(c.x, c.target, o.weight, o.reduction, o.ignore_index),
                       cross_entropy(c.x, c.target, o)) == 0);
  }
}

BOOST_AUTO_TEST_CASE(one_hot_and_classes_agree) {
  manual_seed(3);
  Tensor x = randn({5, 4}, leaf), classes = tensor({3, 0, 0, 2, 1});
  Tensor one_hot_target = one_hot(classes, 4).to(float64);
  Tensor a = cross_entropy(x, classes), b = cross_entropy(x, one_hot_target);
  BOOST_TEST(max_difference(a, b) < 1e-15);
  BOOST_TEST(max_difference(grad({a}, {x})[0], grad({b}, {x})[0]) < 1e-16);
  Tensor p = ((softmax(x, 1) - one_hot_target) / 5).detach();
  BOOST_TEST(max_difference(grad({cross_entropy(x, one_hot_target)}, {x})[0], p) < 1e-16);
}

BOOST_AUTO_TEST_CASE(equation_16_as_it_is_written) {
  manual_seed(4);
  Tensor x = randn({5, 4}, leaf), y = softmax(randn({5, 4}, doubles), 1);
  Tensor one_hot_y = one_hot(tensor({3, 0, 0, 2, 1}), 4).to(float64);
  for (const Tensor& target : {y, one_hot_y}) {
    Tensor composed = -(target * log_softmax(x, 1)).sum() / 5;
    Tensor kernel = cross_entropy(x, target);
    BOOST_TEST(max_difference(kernel, composed) < 1e-15);
    BOOST_TEST(max_difference(grad({kernel}, {x})[0], grad({composed}, {x})[0]) < 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(all_ignored_is_not_a_number) {
  Tensor x = randn({2, 3}, leaf), target = tensor({-100, -100});
  Tensor y = cross_entropy(x, target);
  BOOST_TEST(std::isnan(y.item<double>()));
  BOOST_TEST(max_difference(grad({y}, {x})[0], zeros({2, 3}, {.dtype = float64})) == 0);
  BOOST_TEST(std::isnan(nll_loss(x, target).item<double>()));
  BOOST_TEST(cross_entropy(x, target, {.reduction = kSum}).item<double>() == 0);
}

BOOST_AUTO_TEST_CASE(all_ignored_has_no_gradient) {
  Tensor x = randn({2, 3}, leaf), loss = cross_entropy(x, full({2}, 1), {.ignore_index = 1});
  BOOST_TEST(std::isnan(loss.item<double>()));
  auto gradients = [&] {
    Tensor dx = grad({loss}, {x}, {}, {.retain_graph = true, .create_graph = true})[0];
    Tensor ddx = grad({(dx * dx).sum()}, {x}, {}, {.allow_unused = true})[0];
    BOOST_TEST(max_difference(dx, zeros_like(x)) == 0);
    if (ddx.defined()) BOOST_TEST(max_difference(ddx, zeros_like(x)) == 0);
  };
  gradients();
  FormulaGuard formulas;
  gradients();
}

BOOST_AUTO_TEST_CASE(mean_squared_error) {
  Tensor x = tensor({1.0, 2.0, 4.0}), target = tensor({1.0, 0.0, 1.0});
  BOOST_TEST(mse_loss(x, target, Reduction::sum).item<float>() == 13);
  BOOST_TEST(max_difference(mse_loss(x, target), tensor(13.0) / 3) == 0);
  BOOST_TEST(max_difference(mse_loss(x, target, kNone), tensor({0.0, 4.0, 9.0})) == 0);
  BOOST_TEST(error_text([&] { mse_loss(x, ones({2})); }) ==
             "mse_loss: shapes [3] and [2] do not broadcast; expected equal sizes or 1 in "
             "dimension -1, not 3 and 2");
}

BOOST_AUTO_TEST_CASE(errors_of_inputs_and_targets) {
  Tensor x = ones({2, 3}), target = tensor({0, 2});
  BOOST_TEST(error_text([&] { cross_entropy(tensor(1.0), target); }) ==
             "cross_entropy: input has shape []; expected [C], [N, C] or [N, C, d1, ..]");
  BOOST_TEST(error_text([&] { cross_entropy(x.to(int64), target); }) ==
             "cross_entropy: input is int64; expected a floating type");
  BOOST_TEST(error_text([&] {
               cross_entropy(x, tensor({0, 3}));
             }) == "cross_entropy: class 3 in the target; expected 0 to 2, or -100 to ignore");
  BOOST_TEST(error_text([&] {
               cross_entropy(x, tensor({0, -1}), {.ignore_index = 7});
             }) == "cross_entropy: class -1 in the target; expected 0 to 2, or 7 to ignore");
  BOOST_TEST(error_text([&] { cross_entropy(x, target.to(int32)); }) ==
             "cross_entropy: target is int32; expected int64 classes or float32 probabilities");
  BOOST_TEST(error_text([&] {
               cross_entropy(x, ones({2, 3}, {.dtype = float64}));
             }) ==
             "cross_entropy: target is float64; expected int64 classes or float32 probabilities");
  BOOST_TEST(error_text([&] {
               cross_entropy(x, tensor({0, 1, 2}));
             }) ==
             "cross_entropy: target has shape [3], input [2, 3]; expected classes of shape [2]");
  BOOST_TEST(error_text([&] {
               cross_entropy(x, ones({3, 2}));
             }) ==
             "cross_entropy: target has shape [3, 2], input [2, 3]; expected probabilities of "
             "shape [2, 3]");
}

BOOST_AUTO_TEST_CASE(errors_of_options) {
  Tensor x = ones({2, 3}), target = tensor({0, 2});
  BOOST_TEST(error_text([&] { cross_entropy(x, target, {.weight = ones({2})}); }) ==
             "cross_entropy: weight has shape [2]; expected [3], one for each class");
  BOOST_TEST(error_text([&] {
               cross_entropy(x, target, {.weight = ones({3}, {.dtype = float64})});
             }) == "cross_entropy: weight is float64, input float32; expected one type");
  BOOST_TEST(error_text([&] { cross_entropy(x, target, {.label_smoothing = 1.5}); }) ==
             "cross_entropy: label_smoothing is 1.5; expected 0 to 1");
}

BOOST_AUTO_TEST_CASE(errors_of_its_gradient_and_nll_loss) {
  Tensor x = ones({2, 3}), target = tensor({0, 2});
  BOOST_TEST(error_text([&] { cross_entropy_input(ones({2}), x, target); }) ==
             "cross_entropy_input: dy has shape [2]; expected []");
  BOOST_TEST(error_text([&] { cross_entropy_input(tensor(1), x, target); }) ==
             "cross_entropy_input: dy is int64, input float32; expected one type");
  BOOST_TEST(error_text([&] { nll_loss(x, ones({2})); }) ==
             "nll_loss: target is float32; expected int64 classes");
  BOOST_TEST(error_text([&] { nll_loss(x, tensor({0})); }) ==
             "nll_loss: target has shape [1], input [2, 3]; expected classes of shape [2]");
  BOOST_TEST(error_text([&] {
               nll_loss(x, tensor({0, 3}));
             }) == "nll_loss: class 3 in the target; expected 0 to 2, or -100 to ignore");
}

BOOST_AUTO_TEST_SUITE_END()
