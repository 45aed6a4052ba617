// gradcheck of whole modules: autograd's, with what a module gives it.

#include "autograd/gradcheck/gradcheck.h"

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "nn/layers/activation.h"
#include "nn/layers/linear.h"
#include "nn/layers/sequential.h"
#include "nn/module.h"
#include "tests/support/options.h"

using namespace taper;
using taper::test::leaf;

namespace {

struct Net : nn::Layer<Net> {
  nn::Dense hidden = register_module("hidden", nn::Dense({.in_features = 3, .out_features = 4}));
  nn::Linear out = register_module("out", nn::Linear({.in_features = 4, .out_features = 2}));
  Tensor forward(const Tensor& x) { return out(hidden(x).tanh()); }
};

struct Scaled : nn::Layer<Scaled> {
  Tensor forward(const Tensor& x, const Tensor& factor) { return x * factor; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gradcheck_of_modules)

BOOST_AUTO_TEST_CASE(inputs_and_parameters_are_checked) {
  manual_seed(1);
  Net net;
  net.to(float64);
  GradcheckReport report = gradcheck(net, {randn({2, 3}, leaf)}, {.order = 2});
  BOOST_TEST(report.ok(), to_string(report));
  BOOST_TEST(report.checked == (std::vector<std::string>{"input 0 [2, 3]", "parameter 0 [4, 4]",
                                                         "parameter 1 [2, 4]", "parameter 2 [2]"}),
             boost::test_tools::per_element());
  BOOST_TEST(
      gradcheck(net, {randn({2, 3}, leaf)}, {.parameters = net.parameters()}).checked.size() == 4u);
}

BOOST_AUTO_TEST_CASE(modules_of_other_forms) {
  manual_seed(2);
  Tensor x = randn({2, 3}, leaf), factor = randn({3}, leaf);
  BOOST_TEST(gradcheck(Scaled(), {x, factor}, {.order = 2}).checked.size() == 2u);
  nn::Sequential layers(nn::Linear({.in_features = 3, .out_features = 2}), nn::Tanh());
  layers.to(float64);
  GradcheckReport report = gradcheck(layers, {x}, {.order = 2});
  BOOST_TEST(report.ok(), to_string(report));
  BOOST_TEST(report.checked.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_call_that_forward_does_not_take) {
  static_assert(std::is_invocable_v<const Net&, const Tensor&>);
  static_assert(!std::is_invocable_v<const Net&>);
  static_assert(!std::is_invocable_v<const Net&, const Tensor&, const Tensor&>);
}

BOOST_AUTO_TEST_SUITE_END()
