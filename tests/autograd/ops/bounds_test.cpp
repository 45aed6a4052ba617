#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autograd/graph/engine.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/options.h"
#include "tests/support/values.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(bounds)

BOOST_AUTO_TEST_CASE(clamp_forms) {
  Tensor x = tensor({-2.0, 0.5, 3.0});
  BOOST_TEST(values(x.clamp(-1, 1)) == (Values{-1, 0.5, 1}));
  BOOST_TEST(values(x.clamp(0)) == (Values{0, 0.5, 3}));
  BOOST_TEST(values(x.clamp({}, 0)) == (Values{-2, 0, 0}));
  BOOST_TEST(values(clamp(x, std::nullopt, 1)) == (Values{-2, 0.5, 1}));
  BOOST_TEST(values(x.clamp(tensor({0.0, 1.0, 2.0}), tensor(2.5))) == (Values{0, 1, 2.5}));
  BOOST_TEST(values(x.clamp(1, -1)) == (Values{-1, -1, -1}));
  BOOST_TEST(x.clamp(tensor(0.0, {.dtype = float64})).dtype() == float32);
  Tensor ints = tensor({-1, 2, 5});
  BOOST_TEST(ints.clamp(0, 3).dtype() == int64);
  BOOST_TEST(values(ints.clamp(0.5, 2.5)) == (Values{0.5, 2, 2.5}));
  BOOST_TEST(values(x.clamp_(-1).clamp_({}, 1)) == (Values{-1, 0.5, 1}));
}

BOOST_AUTO_TEST_CASE(nan_passes) {
  double nan = std::nan("");
  Tensor x = tensor({nan, 1.0});
  BOOST_TEST(std::isnan(x.clamp(-1, 1)[0].item<double>()));
  BOOST_TEST(std::isnan(x.clamp(nan)[1].item<double>()));
  BOOST_TEST(std::isnan(maximum(x, tensor({1.0, nan}))[1].item<double>()));
  BOOST_TEST(std::isnan(minimum(tensor({1.0, nan}), x)[0].item<double>()));
}

BOOST_AUTO_TEST_CASE(gradients_at_the_bounds) {
  Tensor x = tensor({-1.0, 2.0, 3.0}, leaf), y = tensor({-1.0, 1.0, 4.0}, leaf);
  BOOST_TEST(values(grad({x.clamp(-1, 2).sum()}, {x})[0]) == (Values{1, 1, 0}));
  auto both = grad({maximum(x, y).sum()}, {x, y});
  BOOST_TEST(values(both[0]) == (Values{0.5, 1, 0}));
  BOOST_TEST(values(both[1]) == (Values{0.5, 0, 1}));
}

BOOST_AUTO_TEST_CASE(errors) {
  Tensor x = zeros({2, 3});
  BOOST_TEST(error_text([&] { x.clamp({}, {}); }) ==
             "clamp: neither min nor max; expected at least one");
  BOOST_TEST(error_text([&] {
               tensor({1, 2}).clamp_(0.5);
             }) == "clamp: in place, the result is float32; expected the tensor's own int64");
  BOOST_TEST(error_text([&] { x.clamp(zeros({2})); }) ==
             "clamp: shapes [2, 3] and [2] do not broadcast; expected equal sizes or 1 in "
             "dimension -1, not 3 and 2");
  BOOST_TEST(error_text([&] {
               x.clamp_(zeros({4, 2, 3}));
             }) ==
             "clamp: in place, the result has shape [4, 2, 3]; expected the tensor's own [2, 3]");
}

BOOST_AUTO_TEST_SUITE_END()
