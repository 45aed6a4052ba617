#include "autograd/gradcheck/gradcheck.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "autograd/graph/engine.h"
#include "autograd/graph/function.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/generator.h"
#include "tests/support/error_text.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

namespace {

/// y = x^2 with a gradient that is off by a factor.
struct WrongSquare : autograd::Function<WrongSquare> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double factor) {
    ctx->save_for_backward({x});
    ctx->saved_data["factor"] = factor;
    return x * x;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    return {dy[0] * ctx->get_saved_variables()[0] * (2 * ctx->saved_data["factor"].toDouble()), {}};
  }
};

/// y = x^3, whose gradient is right but cut off from the graph.
struct DetachedCube : autograd::Function<DetachedCube> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x * x;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    Tensor x = ctx->get_saved_variables()[0];
    return {(dy[0] * 3 * x * x).detach()};
  }
};

struct PartlyDetachedCube : autograd::Function<PartlyDetachedCube> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x * x;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    Tensor x = ctx->get_saved_variables()[0];
    return {dy[0] * (3 * x * x).detach()};
  }
};

struct NotANumber : autograd::Function<NotANumber> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x * 2; }
  static tensor_list backward(AutogradContext*, tensor_list dy) {
    return {dy[0] * std::numeric_limits<double>::quiet_NaN()};
  }
};

struct NoGradient : autograd::Function<NoGradient> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x * 2; }
  static tensor_list backward(AutogradContext*, tensor_list) { return {Tensor()}; }
};

std::string only_failure(const GradcheckReport& report) {
  BOOST_TEST(report.failures.size() == 1u);
  return report.ok() ? "passed" : report.failures[0];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gradcheck_test)

BOOST_AUTO_TEST_CASE(functions_of_every_form_pass) {
  Tensor a = tensor({{0.5, 1.5}, {-1.0, 2.0}}, leaf), b = tensor({0.25, -2.0}, leaf);
  BOOST_TEST(gradcheck([](const Tensor& x) { return x * x; }, {a}, {.order = 2}).ok());
  BOOST_TEST(gradcheck([](const auto& x) { return x.sigmoid(); }, {a}, {.order = 2}).ok());
  BOOST_TEST(
      gradcheck([](Tensor x, Tensor y) { return std::tuple(x * y, y.exp()); }, {a, b}, {.order = 2})
          .ok());
  BOOST_TEST(
      gradcheck([](const Tensor& x, const Tensor& y) { return std::pair(x.mm(x), y); }, {a, b})
          .ok());
  BOOST_TEST(gradcheck(
                 [](const tensor_list& x) {
                   return tensor_list{x[0] + x[1], x[1]};
                 },
                 {a, b})
                 .ok());
  BOOST_TEST(gradcheck([&] { return a.tanh(); }, {}, {.order = 2, .parameters = {a}}).ok());
  BOOST_TEST(
      gradcheck([&](const Tensor& x) { return x * b; }, {a}, {.order = 2, .parameters = {b}}).ok());
}

BOOST_AUTO_TEST_CASE(report_says_what_was_checked) {
  Tensor x = tensor({1.0, 2.0, 3.0}, leaf);
  Tensor w = tensor({2.0}, leaf);
  GradcheckReport report = gradcheck([&](const Tensor& x) { return x * w; }, {x},
                                     {.order = 2, .name = "scale", .parameters = {w}});
  BOOST_TEST(report.ok());
  BOOST_TEST(report.elements == 4 + 7);
  std::string text = fmt::format("{}", report);
  BOOST_TEST(
      text.substr(0, text.find('\n')) ==
      "gradcheck of scale passed: order 1 and 2, 11 derivatives of input 0 [3], parameter 0 [1]");
  BOOST_TEST(text.find("\n  worst: order ") != std::string::npos);
  BOOST_TEST((report.worst.error <= report.worst.tolerance));
}

BOOST_AUTO_TEST_CASE(wrong_gradient_is_named) {
  Tensor x = tensor({{0.0, 0.001}, {-2.0, 0.0}}, leaf);
  auto f = [](const Tensor& x) { return WrongSquare::apply(x, 1.01); };
  GradcheckReport report = gradcheck(f, {x}, {.seed = 7});
  BOOST_TEST(!report.ok());
  BOOST_TEST(report.worst.input == "input 0");
  BOOST_TEST(report.worst.index == (std::vector<int64_t>{1, 0}), boost::test_tools::per_element());
  BOOST_TEST(report.worst.analytic / report.worst.numeric == 1.01,
             boost::test_tools::tolerance(1e-6));
  BOOST_TEST(
      gradcheck([](const Tensor& x) { return WrongSquare::apply(x, 1.0); }, {x}, {.order = 2})
          .ok());
}

BOOST_AUTO_TEST_CASE(failure_text) {
  Tensor x = tensor({3.0, 0.0}, leaf);
  auto f = [](const Tensor& x) { return WrongSquare::apply(x, 1.5); };
  GradcheckReport report = gradcheck(f, {x});
  const auto& w = report.worst;
  BOOST_TEST(
      only_failure(report) ==
      fmt::format(
          "order 1: input 0 at [0]: analytic {:.6g}, numeric {:.6g}, error {:.3g}, tolerance "
          "{:.3g}; 1 of 2 elements differ",
          w.analytic, w.numeric, w.error, w.tolerance));
  BOOST_TEST(
      fmt::format("{}", report) ==
      fmt::format("gradcheck failed: order 1, 2 derivatives of input 0 [2]\n  worst: order 1, "
                  "input 0 at [0]: "
                  "analytic {:.6g}, numeric {:.6g}, error {:.3g}, tolerance {:.3g}\n  failed: {}",
                  w.analytic, w.numeric, w.error, w.tolerance, report.failures[0]));
}

BOOST_AUTO_TEST_CASE(detached_gradient_passes_order_1_and_fails_order_2) {
  Tensor x = tensor({0.5, -1.0}, leaf);
  for (bool partly : {false, true}) {
    auto f = [&](const Tensor& x) {
      return partly ? PartlyDetachedCube::apply(x) : DetachedCube::apply(x);
    };
    BOOST_TEST(gradcheck(f, {x}).ok());
    GradcheckReport report = gradcheck(f, {x}, {.order = 2});
    BOOST_TEST(!report.ok());
    BOOST_TEST((report.failures[0].find(
                    "gradient of input 0 is detached: it changes with the input but does not "
                    "require grad") != std::string::npos) == !partly);
    BOOST_TEST(report.failures.size() == (partly ? 1u : 2u));
  }
  auto f = [](const Tensor& x) { return (x * x).detach(); };
  std::string text = only_failure(gradcheck(f, {x}));
  BOOST_TEST(text.substr(text.find(';')) ==
             "; 2 of 2 elements differ; output 0 is detached: it changes with the input but does "
             "not require grad");
}

BOOST_AUTO_TEST_CASE(undefined_gradient) {
  Tensor x = tensor({0.5}, leaf);
  std::string text =
      only_failure(gradcheck([](const Tensor& x) { return NoGradient::apply(x); }, {x}));
  BOOST_TEST(text.substr(text.find(';')) == "; 1 of 1 elements differ; its gradient is undefined");
}

BOOST_AUTO_TEST_CASE(not_a_number_fails) {
  Tensor x = tensor({0.5}, leaf);
  BOOST_TEST(!gradcheck([](const Tensor& x) { return NotANumber::apply(x); }, {x}).ok());
  BOOST_TEST(!gradcheck([](const Tensor& x) { return x.log(); }, {tensor({-1.0}, leaf)}).ok());
  BOOST_TEST(!gradcheck([](const Tensor& x) { return x / 0; }, {x}).ok());
}

BOOST_AUTO_TEST_CASE(an_infinite_difference_fails) {
  Tensor x = tensor({0.5, 709.7827128}, leaf);  // exp(x) overflows a little further
  std::string text = only_failure(gradcheck([](const Tensor& x) { return x.exp(); }, {x}));
  BOOST_TEST(text.find("order 1: input 0 at [1]: ") == 0u);
  BOOST_TEST(text.find("; 1 of 2 elements differ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(functions_that_change_with_the_input) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  auto larger = [&](const Tensor& x) { return x[0].item<double>() > 1; };
  BOOST_TEST(error_text([&] {
               gradcheck([&](const Tensor& x) { return larger(x) ? cat({x, x}) : x; }, {x});
             }) == "gradcheck: output 0 changes its shape with the input; expected a fixed one");
  auto two = [&](const tensor_list& x) {
    return larger(x[0]) ? tensor_list{x[0], x[0]} : tensor_list{x[0]};
  };
  BOOST_TEST(error_text([&] { gradcheck(two, {x}); }) ==
             "gradcheck: the function gave 1 outputs, with another input 2; expected as many");
  auto refusing = [&](const Tensor& x) { return larger(x) ? x.reshape({7}) : x * 2; };
  BOOST_TEST(error_text([&] { gradcheck(refusing, {x}); }) ==
             "reshape: shape [7] for the 2 elements of [2]; expected as many");
  TEST_VALUES(x, {1, 2});  // as it was
}

BOOST_AUTO_TEST_CASE(kink_is_suspected) {
  Tensor x = tensor({1.0, 0.0}, leaf);
  std::string text = only_failure(gradcheck([](const Tensor& x) { return x.relu(); }, {x}));
  BOOST_TEST(text.find("order 1: input 0 at [1]: ") == 0u);
  BOOST_TEST(
      text.find("; 1 of 2 elements differ; kink suspected: the one-sided differences are ") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(inputs_that_cannot_be_checked) {
  auto f = [](const Tensor& x) { return x * 2; };
  BOOST_TEST(only_failure(gradcheck(f, {ones({2}, {.requires_grad = true})})) ==
             "input 0 is float32; expected float64");
  BOOST_TEST(only_failure(gradcheck(f, {ones({2}, {.dtype = float64})})) ==
             "no input requires grad");
  Tensor expanded = ones({2, 1}, {.dtype = float64}).expand({2, 3}).requires_grad_();
  BOOST_TEST(only_failure(gradcheck(f, {expanded})) ==
             "input 0 of shape [2, 3] has elements that share memory; expected a clone() of it");
  BOOST_TEST(
      only_failure(gradcheck([](const Tensor& x) { return x.to(float32); }, {ones({2}, leaf)})) ==
      "order 1: output 0 is float32; expected float64");
  BOOST_TEST(error_text([&] { gradcheck(f, {ones({2}, leaf)}, {.order = 3}); }) ==
             "gradcheck: order 3; expected 1 or 2");
  BOOST_TEST(error_text([&] {
               gradcheck(f, {ones({2}, leaf), ones({2}, leaf)});
             }) == "gradcheck: the function does not take 2 tensors");
}

BOOST_AUTO_TEST_CASE(random_function_is_noticed) {
  int calls = 0;
  auto f = [&](const Tensor& x) { return x * ++calls; };
  BOOST_TEST(
      only_failure(gradcheck(f, {tensor({0.0, 2.0}, leaf)})) ==
      "order 1: the function is not deterministic; two calls gave 2 and 4 in output 0 at [1]");
}

BOOST_AUTO_TEST_CASE(strided_inputs_and_values_stay) {
  Tensor storage = tensor({{0.5, 1.5, 2.5}, {-1.0, 2.0, 0.75}}, {.dtype = float64});
  Tensor x = storage.t().requires_grad_();
  Tensor before = x.detach().clone();
  int64_t version = x.version();
  manual_seed(3);
  auto drawn = default_generator().r64();
  manual_seed(3);
  BOOST_TEST(gradcheck([](const Tensor& x) { return (x * x).sum(0); }, {x}, {.order = 2}).ok());
  BOOST_TEST(default_generator().r64() == drawn);
  BOOST_TEST((x.detach() == before).to(int64).sum().item<int64_t>() == 6);
  BOOST_TEST(x.version() == version);
  BOOST_TEST(!x.grad().defined());
}

BOOST_AUTO_TEST_SUITE_END()
