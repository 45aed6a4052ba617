#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"

using namespace taper;
using taper::test::error_text;

BOOST_AUTO_TEST_SUITE(activation)

BOOST_AUTO_TEST_CASE(gelu_keeps_its_tail) {
  Tensor x = tensor({-6.0, 6.0, -40.0, 40.0}), y = gelu(x);
  BOOST_TEST(std::abs(y[0].item<double>() / -5.919525e-9 - 1) < 1e-4);
  BOOST_TEST(y[1].item<double>() == 6);
  BOOST_TEST(y[2].item<double>() == 0);
  BOOST_TEST(y[3].item<double>() == 40);
  BOOST_TEST(test::max_difference(gelu(x, "tanh"), y) < 1e-6);
}

BOOST_AUTO_TEST_CASE(integers_become_floating_in_erf) {
  BOOST_TEST(erf(tensor({0, 3})).dtype() == float32);
  BOOST_TEST(erf(tensor({0, 3}))[1].item<double>() > 0.9999);
}

BOOST_AUTO_TEST_CASE(refuse) {
  Tensor x = zeros({2});
  BOOST_TEST(error_text([&] { gelu(x, "exact"); }) ==
             "gelu: approximate is \"exact\"; expected \"none\" or \"tanh\"");
  BOOST_TEST(error_text([&] {
               gelu(tensor({1, 2}));
             }) == "gelu: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([&] { gelu_input(zeros({3}), x); }) ==
             "gelu_input: dy is float32 of shape [3]; expected the input's float32 of shape [2]");
}

BOOST_AUTO_TEST_SUITE_END()
