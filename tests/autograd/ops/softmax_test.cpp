#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"

using namespace taper;
using taper::test::error_text;
using taper::test::max_difference;

BOOST_AUTO_TEST_SUITE(softmaxes)

BOOST_AUTO_TEST_CASE(large_numbers_do_not_overflow) {
  Tensor x = tensor({1000.0, 1001.0, -1000.0});
  Tensor y = softmax(x, 0);
  BOOST_TEST(y.sum().item<float>() == 1, boost::test_tools::tolerance(1e-6f));
  BOOST_TEST(y[2].item<float>() == 0);
  Tensor log_y = log_softmax(x, -1);
  BOOST_TEST(log_y[2].item<float>() == -2001.3132f, boost::test_tools::tolerance(1e-6f));
}

BOOST_AUTO_TEST_CASE(every_dimension) {
  manual_seed(1);
  Tensor x = randn({3, 4, 5}, {.dtype = float64});
  for (int64_t dim : {0, 1, 2}) {
    Tensor y = softmax(x, dim);
    BOOST_TEST(max_difference(y, exp(x) / exp(x).sum(dim, true)) < 1e-15);
    BOOST_TEST(max_difference(x.log_softmax(dim - 3), log(y)) < 1e-14);
    BOOST_TEST(max_difference(x.transpose(0, 2).softmax(2 - dim), y.transpose(0, 2)) == 0);
  }
}

BOOST_AUTO_TEST_CASE(another_type_first) {
  Tensor x = tensor({1, 2, 3});
  BOOST_TEST((x.softmax(0, float64).dtype() == float64));
  BOOST_TEST(max_difference(x.softmax(0, float64), softmax(x.to(float64), 0)) == 0);
}

BOOST_AUTO_TEST_CASE(error_texts) {
  BOOST_TEST(error_text([&] {
               softmax(tensor({1, 2}), 0);
             }) == "softmax: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([&] {
               log_softmax(tensor({1, 2}), 0);
             }) == "log_softmax: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([&] {
               softmax(ones({2, 3}), 2);
             }) == "softmax: dimension 2 is out of range; expected -2 to 1");
}

BOOST_AUTO_TEST_SUITE_END()
