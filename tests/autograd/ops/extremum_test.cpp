#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "autograd/graph/engine.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using taper::test::error_text;
using taper::test::text;

BOOST_AUTO_TEST_SUITE(extrema)

BOOST_AUTO_TEST_CASE(first_of_equal_ones_and_nan) {
  double nan = std::nan("");
  auto [largest, at] = tensor({{1.0, 3.0, 3.0}, {nan, 5.0, nan}}).max(1);
  BOOST_TEST(largest[0].item<double>() == 3);
  BOOST_TEST(std::isnan(largest[1].item<double>()));
  BOOST_TEST(at[0].item<int>() == 1);
  BOOST_TEST(at[1].item<int>() == 0);
  BOOST_TEST(!at.requires_grad());
  BOOST_TEST(tensor({1.0, nan, nan}).argmax().item<int>() == 1);
  BOOST_TEST(std::get<1>(min(tensor({{2, 1}, {0, 1}}), 0, true)).sizes() == IntList({1, 2}));
}

BOOST_AUTO_TEST_CASE(gradients_of_ties) {
  Tensor x = tensor({1.0, 3.0, 3.0}, {.dtype = float64, .requires_grad = true});
  auto gradient = [&](const Tensor& y) {
    Tensor g = grad({y}, {x})[0];
    return std::vector<double>(g.data_ptr<double>(), g.data_ptr<double>() + 3);
  };
  using List = std::vector<double>;
  BOOST_TEST(gradient(x.max()) == (List{0, 0.5, 0.5}));
  BOOST_TEST(gradient(x.amax(0)) == (List{0, 0.5, 0.5}));
  BOOST_TEST(gradient(std::get<0>(x.max(0))) == (List{0, 1, 0}));
  BOOST_TEST(gradient(x.max(tensor({1.0, 3.0, 4.0}, {.dtype = float64})).sum()) ==
             (List{0.5, 0.5, 0}));
}

BOOST_AUTO_TEST_CASE(gradients_of_special_values) {
  Tensor x = tensor({std::nan(""), 1.0, 2.0}, {.dtype = float64, .requires_grad = true});
  x.max().backward();
  BOOST_TEST(text(x.grad()) == "[1.0, 0.0, 0.0] float64[3]");
  Tensor y = tensor({1.0, 2.0}, {.dtype = float64, .requires_grad = true});
  y.amax(0).backward(tensor(std::numeric_limits<double>::infinity(), {.dtype = float64}));
  BOOST_TEST(text(y.grad()) == "[0.0, inf] float64[2]");
}

BOOST_AUTO_TEST_CASE(over_noncontiguous_and_large) {
  Tensor x = arange(200000).reshape({400, 500}).t();
  BOOST_TEST(x.argmax().item<int64_t>() == 199999);
  BOOST_TEST(std::get<1>(x.max(0))[399].item<int64_t>() == 499);
  BOOST_TEST(x.amin(1)[3].item<int64_t>() == 3);
}

BOOST_AUTO_TEST_CASE(errors) {
  Tensor none = zeros({0, 3}), x = zeros({2, 3});
  BOOST_TEST(error_text([&] { none.max(); }) ==
             "max: a tensor of shape [0, 3] has no elements; expected at least one");
  BOOST_TEST(error_text([&] { none.min(); }) ==
             "min: a tensor of shape [0, 3] has no elements; expected at least one");
  BOOST_TEST(error_text([&] { none.max(0); }) ==
             "max: dimension 0 of shape [0, 3] is empty; expected at least one element");
  BOOST_TEST(error_text([&] {
               none.amin({0, 1});
             }) == "amin: dimension 0 of shape [0, 3] is empty; expected at least one element");
  BOOST_TEST(error_text([&] { none.argmax(); }) ==
             "argmax: dimension 0 of shape [0, 3] is empty; expected at least one element");
  BOOST_TEST(std::get<0>(none.max(1)).numel() == 0);
  BOOST_TEST(error_text([&] { x.max(2); }) == "max: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([&] {
               x.amax({0, -2});
             }) == "amax: dimension 0 twice in [0, -2]; expected each once");
}

BOOST_AUTO_TEST_SUITE_END()
