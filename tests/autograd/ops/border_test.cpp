#include <boost/test/unit_test.hpp>
#include <limits>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(border)

BOOST_AUTO_TEST_CASE(values_and_shapes) {
  Tensor x = tensor({{1, 2}, {3, 4}});
  BOOST_TEST(values(x.pad({1, 0})) == (Values{0, 1, 2, 0, 3, 4}));
  BOOST_TEST(values(x.pad({-1, 1, 0, 1}, 7)) == (Values{2, 7, 4, 7, 7, 7}));
  BOOST_TEST(!x.pad({0, 0}).is_alias_of(x));
  BOOST_TEST(values(x.pad({-1, -1, 0, 0})).empty());
  BOOST_TEST(values(x.add_pad({0, 1}, 5)) == (Values{5, 1, 2, 5, 5, 3, 4, 5}));
  BOOST_TEST(values(x.dilate({1, 2})) == (Values{1, 0, 2, 3, 0, 4}));
  BOOST_TEST(zeros({0, 2}).dilate(3).sizes() == IntList({0, 4}));
  BOOST_TEST(values(x.flip({-2, -1})) == (Values{4, 3, 2, 1}));
  BOOST_TEST(values(x.t().flip(0)) == (Values{2, 4, 1, 3}));
  BOOST_TEST(!x.flip({}).is_alias_of(x));
  BOOST_TEST(x.unpad({0, 1}).sizes() == IntList({2, 0}));
}

BOOST_AUTO_TEST_CASE(unpad_undoes_add_pad) {
  Tensor x = randn({2, 3, 4, 5});
  BOOST_TEST((x.add_pad({2, 1}, 0.5).unpad({2, 1}) == x).all().item<bool>());
  BOOST_TEST((x.dilate({2, 3}).slice(2, 0, 100, 2).slice(3, 0, 100, 3) == x).all().item<bool>());
}

BOOST_AUTO_TEST_CASE(errors) {
  Tensor x = zeros({2, 3}), v = zeros(3);
  BOOST_TEST(
      error_text([&] { x.pad({1}); }) ==
      "pad: pads [1] for a tensor of shape [2, 3]; expected a pair for each padded dimension");
  BOOST_TEST(error_text([&] {
               v.pad({1, 1, 1, 1});
             }) ==
             "pad: pads [1, 1, 1, 1] for a tensor of shape [3]; expected a pair for each padded "
             "dimension");
  BOOST_TEST(error_text([&] {
               v.pad({-2, -2});
             }) ==
             "pad: pads [-2, -2] cut more off shape [3] than there is; expected at most its sizes");
  BOOST_TEST(error_text([&] {
               v.pad({-4, 5});
             }) ==
             "pad: pads [-4, 5] cut more off shape [3] than there is; expected at most its sizes");
  BOOST_TEST(error_text([&] {
               v.pad({0, std::numeric_limits<int64_t>::max()});
             }) ==
             "pad: pads [0, 9223372036854775807] for a tensor of shape [3]; "
             "expected at most 1152921504606846976");
  BOOST_TEST(error_text([&] {
               v.pad({std::numeric_limits<int64_t>::min(), 0});
             }) ==
             "pad: pads [-9223372036854775808, 0] cut more off shape [3] than there is; "
             "expected at most its sizes");
  BOOST_TEST(error_text([&] { x.unpad(std::numeric_limits<int64_t>::max()); }) ==
             "unpad: a border of 9223372036854775807 by 9223372036854775807 of shape [2, 3]; "
             "expected one that lies inside");
  BOOST_TEST(error_text([&] { x.dilate(std::numeric_limits<int64_t>::max()); }) ==
             "dilate: dilation is [9223372036854775807, 9223372036854775807]; "
             "expected 1 to 2147483647");
  BOOST_TEST(error_text([&] { v.add_pad(1); }) ==
             "add_pad: a tensor of shape [3]; expected at least 2 dimensions");
  BOOST_TEST(error_text([&] {
               x.add_pad({-1, 0});
             }) == "add_pad: size -1 by 0; expected 0 or more");
  BOOST_TEST(error_text([&] {
               x.unpad({2, 1});
             }) == "unpad: a border of 2 by 1 of shape [2, 3]; expected one that lies inside");
  BOOST_TEST(error_text([&] {
               x.dilate({0, 1});
             }) == "dilate: dilation 0 by 1; expected 1 or more");
  BOOST_TEST(error_text([&] { v.dilate(2); }) ==
             "dilate: a tensor of shape [3]; expected at least 2 dimensions");
  BOOST_TEST(error_text([&] { x.flip(2); }) ==
             "flip: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([&] {
               x.flip({0, -2});
             }) == "flip: dimension 0 twice in [0, -2]; expected each once");
}

BOOST_AUTO_TEST_SUITE_END()
