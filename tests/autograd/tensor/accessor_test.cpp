#include "autograd/tensor/accessor.h"

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using taper::test::error_text;
using taper::test::text;

BOOST_AUTO_TEST_SUITE(accessor)

BOOST_AUTO_TEST_CASE(reads_and_writes_by_index) {
  Tensor x = arange(6, {.dtype = float32}).reshape({2, 3});
  auto a = x.accessor<float, 2>();
  BOOST_TEST(a[1][2] == 5.0f);
  a[0][1] = 7;
  BOOST_TEST(text(x) == "[[0.0, 7.0, 2.0], [3.0, 4.0, 5.0]] float32[2, 3]");
  BOOST_TEST(a.size(0) == 2);
  BOOST_TEST(a[0].size(0) == 3);
  BOOST_TEST(a.stride(0) == 3);
  BOOST_TEST(a.sizes() == IntList({2, 3}));
  BOOST_TEST(a[1].strides() == IntList(1));
  BOOST_TEST(a[1].data() == x.data_ptr<float>() + 3);
}

BOOST_AUTO_TEST_CASE(follows_strides) {
  Tensor x = arange(24).reshape({2, 3, 4}), permuted = x.permute({2, 0, 1});
  auto a = permuted.accessor<int64_t, 3>();
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t j = 0; j < 2; ++j)
      for (int64_t k = 0; k < 3; ++k) BOOST_TEST(a[i][j][k] == (j * 3 + k) * 4 + i);
  Tensor row = x.select(1, 2).select(0, 1), expanded = ones({1}).expand({3});
  BOOST_TEST((row.accessor<int64_t, 1>()[3]) == 23);
  BOOST_TEST((expanded.accessor<float, 1>()[2]) == 1.0f);
}

BOOST_AUTO_TEST_CASE(refuses_other_types_and_dimensions) {
  Tensor x = zeros({2, 3});
  BOOST_TEST(error_text([&] { x.accessor<double, 2>(); }) ==
             "accessor: the tensor is float32; expected float64");
  BOOST_TEST(error_text([&] { x.accessor<float, 1>(); }) ==
             "accessor: the tensor has shape [2, 3]; expected 1 dimension");
  BOOST_TEST(error_text([&] { x.accessor<float, 3>(); }) ==
             "accessor: the tensor has shape [2, 3]; expected 3 dimensions");
  Tensor none;
  BOOST_TEST(error_text([&] { none.accessor<float, 1>(); }) ==
             "tensor: undefined; expected a tensor with values");
}

BOOST_AUTO_TEST_SUITE_END()
