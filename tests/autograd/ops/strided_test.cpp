#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(strided_places)

BOOST_AUTO_TEST_CASE(errors) {
  Tensor x = zeros({12});
  int64_t far = int64_t(1) << 62;
  BOOST_TEST(error_text([&] {
               x.as_strided({3, 3}, {far, 1}, 0);
             }) ==
             "as_strided: sizes [3, 3] and strides [4611686018427387904, 1] overflow; expected "
             "places below 12");
  BOOST_TEST(error_text([&] { x.as_strided({2}, {12}, 0); }) ==
             "as_strided: sizes [2], strides [12], offset 0 reach element 12 of a storage; "
             "expected places "
             "below 12");
  BOOST_TEST(error_text([&] { put_strided(x, ones({2}, {.dtype = int64}), {1}, 0); }) ==
             "put_strided: values are int64, the tensor float32; expected one type");
}

BOOST_AUTO_TEST_SUITE_END()
