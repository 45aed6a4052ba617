#include "autograd/tensor/tensor.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using taper::test::error_text;
using taper::test::text;

BOOST_AUTO_TEST_SUITE(tensor_handle)

BOOST_AUTO_TEST_CASE(a_handle_shares_and_rebinds) {
  Tensor x = zeros({2}), y = x;
  x.add_(1);
  BOOST_TEST(text(y) == "[1.0, 1.0] float32[2]");
  BOOST_TEST(y.is_same(x));
  y = zeros({1});
  BOOST_TEST(text(x) == "[1.0, 1.0] float32[2]");
  const Tensor& fixed = x;
  fixed.mul_(3);
  BOOST_TEST(text(x) == "[3.0, 3.0] float32[2]");
}

BOOST_AUTO_TEST_CASE(assignment_to_an_index_writes_through) {
  Tensor x = zeros({2, 2});
  x[0] = 5;
  x[1] = tensor({1.0, 2.0});
  BOOST_TEST(text(x) == "[[5.0, 5.0], [1.0, 2.0]] float32[2, 2]");
  Tensor row = x[0];
  row = ones({2});  // a handle of its own
  BOOST_TEST(text(x[0]) == "[5.0, 5.0] float32[2]");
}

BOOST_AUTO_TEST_CASE(undefined_tensors) {
  Tensor x;
  BOOST_TEST(!x.defined());
  const char* expected = "tensor: undefined; expected a tensor with values";
  BOOST_TEST(error_text([&] { x.sizes(); }) == expected);
  BOOST_TEST(error_text([&] { x.item(); }) == expected);
  BOOST_TEST(error_text([&] { x.data_ptr(); }) == expected);
  BOOST_TEST(error_text([&] { x.data_ptr<float>(); }) == expected);
  BOOST_TEST(error_text([&] { x.requires_grad(); }) == expected);
  BOOST_TEST(error_text([&] { x.backward(); }) == expected);
  BOOST_TEST(error_text([&] { x.exp(); }) == expected);
  BOOST_TEST(error_text([&] { ones({1}) + x; }) == expected);
}

BOOST_AUTO_TEST_CASE(shape_and_type) {
  Tensor x = zeros({2, 3}, {.dtype = float64});
  BOOST_TEST(x.dim() == 2);
  BOOST_TEST(x.ndimension() == 2);
  BOOST_TEST(x.numel() == 6);
  BOOST_TEST(x.size(0) == 2);
  BOOST_TEST(x.size(-1) == 3);
  BOOST_TEST(x.stride(0) == 3);
  BOOST_TEST(x.strides() == IntList({3, 1}));
  BOOST_TEST(x.element_size() == 8);
  BOOST_TEST(x.nbytes() == 48);
  BOOST_TEST(x.is_floating_point());
  BOOST_CHECK(x.scalar_type() == kDouble);
  BOOST_TEST(zeros_like(x, x.options()).is_floating_point());
}

BOOST_AUTO_TEST_CASE(dimensions_out_of_range) {
  Tensor x = zeros({2, 3}), scalar = zeros({});
  BOOST_TEST(error_text([&] { x.size(2); }) ==
             "size: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([&] { x.stride(-3); }) ==
             "stride: dimension -3 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([&] { scalar.size(0); }) ==
             "size: a 0-dim tensor has no dimension 0; expected one with dimensions");
  BOOST_TEST(error_text([&] { scalar.stride(-1); }) ==
             "stride: a 0-dim tensor has no dimension -1; expected one with dimensions");
  BOOST_CHECK_THROW(x.size(2), IndexError);
}

BOOST_AUTO_TEST_CASE(item_converts) {
  BOOST_TEST(tensor(2.7).item<int>() == 2);
  BOOST_TEST(tensor(-2.7).item<int64_t>() == -2);
  BOOST_TEST(tensor({{3}}).item<float>() == 3.0f);
  BOOST_TEST(tensor(0.5).item<bool>());
  BOOST_TEST(tensor(true).item<double>() == 1.0);
  BOOST_TEST(std::isnan(tensor(std::nan("")).item<float>()));
  BOOST_TEST(tensor(2.5).item().to_double() == 2.5);
  BOOST_CHECK(tensor(3).item().kind() == int64);
  int64_t large = (int64_t(1) << 53) + 1;
  BOOST_TEST(tensor(large).item<int64_t>() == large);
  BOOST_TEST(arange(6).reshape({2, 3})[1][2].item<int>() == 5);  // at its offset
}

BOOST_AUTO_TEST_CASE(item_refuses) {
  BOOST_TEST(error_text([] { zeros({2}).item<float>(); }) ==
             "item: the tensor has shape [2]; expected one element");
  BOOST_TEST(error_text([] { zeros({0}).item(); }) ==
             "item: the tensor has shape [0]; expected one element");
  BOOST_TEST(error_text([] { tensor(300).item<uint8_t>(); }) ==
             "item: the value 300 does not fit into uint8; expected 0 to 255");
  BOOST_TEST(error_text([] { tensor(-1).item<uint8_t>(); }) ==
             "item: the value -1 does not fit into uint8; expected 0 to 255");
  BOOST_TEST(
      error_text([] { tensor(3e9).item<int>(); }) ==
      "item: the value 3000000000 does not fit into int32; expected -2147483648 to 2147483647");
  BOOST_TEST(error_text([] { full({}, 0x1p63, {.dtype = float64}).item<int64_t>(); }) ==
             "item: the value 9.223372036854776e+18 does not fit into int64; expected "
             "-9223372036854775808 to "
             "9223372036854775807");
  BOOST_TEST(error_text([] { tensor(std::nan("")).item<int>(); }) ==
             "item: the value nan does not fit into int32; expected -2147483648 to 2147483647");
  BOOST_TEST(
      error_text([] { full({}, 1e300, {.dtype = float64}).item<float>(); }) ==
      "item: the value 1e+300 does not fit into float32; expected -3.4028235e+38 to 3.4028235e+38");
}

BOOST_AUTO_TEST_CASE(data_ptr_is_the_first_element) {
  Tensor x = arange(6, {.dtype = float32}).reshape({2, 3});
  BOOST_TEST(x.data_ptr<float>()[4] == 4.0f);
  BOOST_TEST(*x.select(1, 2).data_ptr<float>() == 2.0f);
  BOOST_TEST(x.data_ptr() == static_cast<void*>(x.data_ptr<float>()));
  BOOST_TEST(error_text([&] { x.data_ptr<double>(); }) ==
             "data_ptr: the tensor is float32; expected float64");
  BOOST_TEST(error_text([&] { tensor({1}).data_ptr<int>(); }) ==
             "data_ptr: the tensor is int64; expected int32");
}

BOOST_AUTO_TEST_CASE(aliases) {
  Tensor x = zeros({4}), y = x.view({2, 2});
  BOOST_TEST(y.is_alias_of(x));
  BOOST_TEST(y.is_view());
  BOOST_TEST(!x.is_view());
  BOOST_TEST(!y.is_same(x));
  BOOST_TEST(!x.clone().is_alias_of(x));
  BOOST_TEST(x.contiguous().is_same(x));
}

BOOST_AUTO_TEST_CASE(activate_takes_any_function) {
  Tensor x = tensor({-1.0, 2.0});
  BOOST_TEST(text(x.activate([](const Tensor& t) { return t.relu() + 1; })) ==
             "[1.0, 3.0] float32[2]");
}

BOOST_AUTO_TEST_SUITE_END()
