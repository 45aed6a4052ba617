#include <boost/test/unit_test.hpp>

#include "autograd/graph/engine.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(masks)

BOOST_AUTO_TEST_CASE(masked_fill_keeps_the_type) {
  Tensor x = tensor({1, 2, 3});
  BOOST_TEST(values(x.masked_fill(x > 1, 0.5)) == (Values{1, 0, 0}));
  BOOST_TEST(x.masked_fill(x > 1, 0.5).dtype() == int64);
  BOOST_TEST(values(x.masked_fill(tensor({{true}, {false}}), 9)) == (Values{9, 9, 9, 1, 2, 3}));
  x.masked_fill_(x == 2, tensor(7));
  BOOST_TEST(values(x) == (Values{1, 7, 3}));
}

BOOST_AUTO_TEST_CASE(masked_fill_in_place_has_gradients) {
  Tensor x = ones(3, {.requires_grad = true}), value = tensor(4.0, {.requires_grad = true});
  Tensor y = x * 2;
  y.masked_fill_(tensor({true, false, true}), value);
  (y * y).sum().backward();
  BOOST_TEST(values(x.grad()) == (Values{0, 8, 0}));
  BOOST_TEST(value.grad().item<float>() == 16);
}

BOOST_AUTO_TEST_CASE(triangles) {
  Tensor x = ones({2, 3});
  BOOST_TEST(values(x.triu()) == (Values{1, 1, 1, 0, 1, 1}));
  BOOST_TEST(values(x.tril(-1)) == (Values{0, 0, 0, 1, 0, 0}));
}

BOOST_AUTO_TEST_CASE(errors) {
  Tensor x = zeros({2, 3});
  BOOST_TEST(error_text([&] { x.masked_fill(x, 1); }) ==
             "masked_fill: the mask is float32; expected boolean");
  BOOST_TEST(error_text([&] { x.masked_fill(x > 0, ones(3)); }) ==
             "masked_fill: a value of shape [3]; expected a number or a 0-dim tensor");
  BOOST_TEST(
      error_text([&] {
        x.masked_fill_(zeros({4, 1, 1}) > 0, 1);
      }) ==
      "masked_fill: in place, a mask of shape [4, 1, 1]; expected one that broadcasts to [2, 3]");
  BOOST_TEST(error_text([&] { x[0].triu(); }) ==
             "triu: a tensor of shape [3]; expected at least 2 dimensions");
  BOOST_TEST(error_text([&] { x[0].tril(); }) ==
             "tril: a tensor of shape [3]; expected at least 2 dimensions");
}

BOOST_AUTO_TEST_SUITE_END()
