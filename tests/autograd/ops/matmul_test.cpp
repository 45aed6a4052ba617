#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(products)

BOOST_AUTO_TEST_CASE(errors_of_matrices) {
  Tensor x = ones({2, 3});
  BOOST_TEST(error_text([&] { x.mm(x); }) ==
             "mm: shapes [2, 3] and [2, 3]; expected 3 rows in the second");
  BOOST_TEST(error_text([&] { x.mm(ones({3})); }) ==
             "mm: operands of shape [2, 3] and [3]; expected 2 dimensions each");
  BOOST_TEST(error_text([&] { x.mm(x.t().to(float64)); }) ==
             "mm: operands are float32 and float64; expected one type");
  BOOST_TEST(error_text([&] { (x > 0).mm(x.t() > 0); }) ==
             "mm: a boolean tensor; expected numbers");
}

BOOST_AUTO_TEST_CASE(errors_of_vectors_and_batches) {
  Tensor x = ones({2, 3});
  BOOST_TEST(error_text([&] { ones({2}).dot(ones({3})); }) ==
             "dot: shapes [2] and [3]; expected 2 elements in the second");
  BOOST_TEST(error_text([&] { x.dot(x); }) ==
             "dot: operands of shape [2, 3] and [2, 3]; expected 1 dimension each");
  BOOST_TEST(error_text([&] { x.bmm(x); }) ==
             "bmm: operands of shape [2, 3] and [2, 3]; expected 3 dimensions each");
  BOOST_TEST(error_text([&] {
               ones({2, 3, 4}).bmm(ones({3, 4, 2}));
             }) == "bmm: shapes [2, 3, 4] and [3, 4, 2]; expected as many matrices in both");
  BOOST_TEST(error_text([&] {
               ones({2, 3, 4}).bmm(ones({2, 3, 2}));
             }) == "bmm: shapes [2, 3, 4] and [2, 3, 2]; expected 4 rows in the second");
}

BOOST_AUTO_TEST_CASE(errors_of_matmul_show_the_users_shapes) {
  Tensor x = ones({2, 4});
  BOOST_TEST(error_text([&] { ones({3}).matmul(x); }) ==
             "matmul: shapes [3] and [2, 4]; expected 3 rows in the second");
  BOOST_TEST(error_text([&] { x.matmul(ones({3})); }) ==
             "matmul: shapes [2, 4] and [3]; expected 4 elements in the second");
  BOOST_TEST(error_text([&] {
               x.matmul(ones({5, 3, 4}));
             }) == "matmul: shapes [2, 4] and [5, 3, 4]; expected 4 rows in the second");
  BOOST_TEST(error_text([&] {
               ones({2, 3, 4}).matmul(ones({3, 4, 2}));
             }) ==
             "matmul: shapes [2, 3, 4] and [3, 4, 2]; expected batch dimensions that broadcast");
  BOOST_TEST(error_text([&] { tensor(1.0).matmul(x); }) ==
             "matmul: operands of shape [] and [2, 4]; expected at least 1 dimension each");
  BOOST_TEST(error_text([&] { x.matmul(ones({4}, {.dtype = float64})); }) ==
             "matmul: operands are float32 and float64; expected one type");
  BOOST_TEST(error_text([&] { (x > 0).matmul(ones({4}) > 0); }) ==
             "matmul: a boolean tensor; expected numbers");
}

BOOST_AUTO_TEST_SUITE_END()
