#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(random_ops)

BOOST_AUTO_TEST_CASE(errors) {
  Tensor x = zeros({3}), ints = tensor({1, 2});
  BOOST_TEST(error_text([&] { x.uniform_(2, 1); }) == "uniform_: from 2 to 1; expected from <= to");
  BOOST_TEST(error_text([&] { x.normal_(0, -1); }) == "normal_: std is -1; expected 0 or more");
  BOOST_TEST(error_text([&] { ints.normal_(0, 1); }) ==
             "normal_: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([&] { x.random_(3, 3); }) ==
             "random_: low 3 and high 3; expected low < high");
  BOOST_TEST(error_text([&] { x.bernoulli_(1.5); }) ==
             "bernoulli_: p is 1.5; expected a probability from 0 to 1");
}

BOOST_AUTO_TEST_SUITE_END()
