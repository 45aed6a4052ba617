#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using taper::test::error_text;
using taper::test::values;

namespace {
using Values = std::vector<double>;
}

BOOST_AUTO_TEST_SUITE(embedding_op)

BOOST_AUTO_TEST_CASE(rows_named_twice_add_up_and_padding_gets_nothing) {
  Tensor weight = ones({3, 2}, {.requires_grad = true});
  Tensor y = embedding(weight, tensor({{0, 2}, {2, 1}}), 1);
  BOOST_TEST(y.sizes() == IntList({2, 2, 2}));
  y.sum().backward();
  BOOST_TEST(values(weight.grad()) == (Values{1, 1, 0, 0, 2, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(takes_any_integer_type_of_index_and_any_table) {
  Tensor table = tensor({{1, 2}, {3, 4}});
  Tensor rows = embedding(table.t(), tensor({1, 0}).to(int32));
  BOOST_TEST(rows.dtype() == int64);
  BOOST_TEST(values(rows) == (Values{2, 4, 1, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(refuses) {
  Tensor weight = zeros({3, 2});
  BOOST_TEST(error_text([&] {
               embedding(weight, tensor({0, 3}));
             }) == "embedding: index 3 for a table of 3 rows; expected 0 to 2");
  BOOST_CHECK_THROW(embedding(weight, tensor({-1})), IndexError);
  BOOST_TEST(error_text([&] { embedding(weight, zeros({2})); }) ==
             "embedding: the indices are float32; expected int64");
  BOOST_TEST(error_text([&] { embedding(zeros({3}), tensor({0})); }) ==
             "embedding: weight has shape [3]; expected [V, D]");
  BOOST_TEST(error_text([&] { embedding(weight, tensor({0}), 3); }) ==
             "embedding: padding_idx is 3 for a table of 3 rows; expected a row, or -1 for none");
  BOOST_TEST(error_text([&] {
               embedding_weight(zeros({2, 4}), tensor({0}), 3);
             }) ==
             "embedding_weight: dy has shape [2, 4], the indices [1]; expected one more dimension "
             "than these");
}

BOOST_AUTO_TEST_SUITE_END()
