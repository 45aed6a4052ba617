#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using taper::test::error_text;

BOOST_AUTO_TEST_SUITE(pointwise)

BOOST_AUTO_TEST_CASE(powers_of_integers) {
  Tensor x = tensor({1, -1, 2});
  BOOST_TEST(x.pow(3)[2].item<int>() == 8);
  BOOST_TEST(x.pow(0.5).dtype() == float32);
  Tensor y = x.pow(tensor({-2, -3, -1}));
  BOOST_TEST(y[0].item<int>() == 1);
  BOOST_TEST(y[1].item<int>() == -1);
  BOOST_TEST(y[2].item<int>() == 0);
}

BOOST_AUTO_TEST_CASE(errors) {
  Tensor truth = tensor({true, false}), ints = tensor({1, 2});
  BOOST_TEST(error_text([&] { ints.pow(-1); }) ==
             "pow: a tensor of int64 to the power of -1; expected an exponent of 0 or more, or a "
             "floating type");
  BOOST_TEST(error_text([&] { truth.pow(truth); }) == "pow: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { ints - truth; }) == "sub: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { ints.sub_(true); }) == "sub: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { -truth; }) == "neg: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { truth.relu(); }) == "relu: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { truth.dot(truth); }) == "dot: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { ints.add_(0.5); }) ==
             "add: in place, the result is float32; expected the tensor's own int64");
  BOOST_TEST(error_text([&] {
               ints + tensor({1, 2, 3});
             }) ==
             "add: shapes [2] and [3] do not broadcast; expected equal sizes or 1 in dimension -1, "
             "not 2 and 3");
  BOOST_TEST(error_text([&] { where(ints, 1, 2); }) ==
             "where: the condition is int64; expected boolean");
}

BOOST_AUTO_TEST_SUITE_END()
