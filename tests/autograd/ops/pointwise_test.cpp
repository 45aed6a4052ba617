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

static bool equal(const Tensor& a, const Tensor& b) { return (a == b).all().item<bool>(); }

BOOST_AUTO_TEST_SUITE(pointwise)

BOOST_AUTO_TEST_CASE(powers_of_integers) {
  Tensor x = tensor({1, -1, 2});
  BOOST_TEST(x.pow(3)[2].item<int>() == 8);
  BOOST_TEST(x.pow(0.5).dtype() == float32);
  Tensor y = x.pow(tensor({-2, -3, -1}));
  BOOST_TEST(y[0].item<int>() == 1);
  BOOST_TEST(y[1].item<int>() == -1);
  BOOST_TEST(y[2].item<int>() == 0);
}

BOOST_AUTO_TEST_CASE(integers_wrap_around) {
  int64_t most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();
  Tensor x = tensor({least, most}), y = tensor({-2147483647 - 1}, {.dtype = int32});
  BOOST_TEST((x + 1)[1].item<int64_t>() == least);
  BOOST_TEST((x - 1)[0].item<int64_t>() == most);
  BOOST_TEST((x * 2)[1].item<int64_t>() == -2);
  BOOST_TEST((-x)[0].item<int64_t>() == least);
  BOOST_TEST(x.abs()[0].item<int64_t>() == least);
  BOOST_TEST(x.square()[1].item<int64_t>() == 1);
  BOOST_TEST(x.sum().item<int64_t>() == -1);
  BOOST_TEST((x[1].expand(2)).cumsum(0)[1].item<int64_t>() == -2);
  BOOST_TEST(tensor({3}).pow(64)[0].item<int64_t>() == 8733086111712066817);
  BOOST_TEST((-y).item<int>() == -2147483647 - 1);
  BOOST_TEST((y * y).item<int>() == 0);
  Tensor m = x.reshape({2, 1});
  BOOST_TEST(m.t().mm(m).item<int64_t>() == 1);
}

BOOST_AUTO_TEST_CASE(numbers_beyond_the_type) {
  Tensor x = ones({1});
  BOOST_TEST(std::isinf((x * 1e300).item<float>()));
  BOOST_TEST((x < 1e300).item<bool>());
  BOOST_TEST((x + 1e300).dtype() == float32);
  BOOST_TEST(text(where(x > 0, -1e300, 0.0)) == "[-inf] float32[1]");
  BOOST_TEST(error_text([&] { x.clamp(0, 1e300); }) ==
             "clamp: the value 1e+300 does not fit into float32; "
             "expected -3.4028235e+38 to 3.4028235e+38");
  BOOST_TEST(error_text([&] { x.masked_fill(x > 0, 1e300); }) ==
             "masked_fill: the value 1e+300 does not fit into float32; "
             "expected -3.4028235e+38 to 3.4028235e+38");
  BOOST_TEST(error_text([&] { x.scatter(0, tensor({0}), 1e300); }) ==
             "scatter: the value 1e+300 does not fit into float32; "
             "expected -3.4028235e+38 to 3.4028235e+38");
}

BOOST_AUTO_TEST_CASE(special_values) {
  BOOST_TEST(!std::signbit(tensor(-0.0).abs().item<float>()));
  Tensor x = tensor({-1.0, std::nan(""), 2.0}, {.requires_grad = true});
  double infinity = std::numeric_limits<double>::infinity();
  x.relu().backward(tensor({infinity, 3.0, 4.0}));
  BOOST_TEST(text(x.grad()) == "[0.0, 3.0, 4.0] float32[3]");
}

BOOST_AUTO_TEST_CASE(large_broadcasts) {
  Tensor x = arange(300 * 700).reshape({300, 700}), row = arange(700), column = x.narrow(1, 5, 1);
  Tensor y = x + row - column;
  BOOST_TEST(y.sum().item<int64_t>() == x.sum().item<int64_t>() + 300 * row.sum().item<int64_t>() -
                                            700 * column.sum().item<int64_t>());
  BOOST_TEST(y[299][699].item<int64_t>() == 299 * 700 + 699 + 699 - (299 * 700 + 5));
  BOOST_TEST(equal(where(x.t() > 5, x.t(), 0), where(x > 5, x, 0).t()));
}

BOOST_AUTO_TEST_CASE(errors) {
  Tensor truth = tensor({true, false}), ints = tensor({1, 2});
  BOOST_TEST(error_text([&] { ints.pow(-1); }) ==
             "pow: a tensor of int64 to the power of -1; expected an exponent of 0 or more, or a "
             "floating type");
  BOOST_TEST(error_text([&] { ints.pow_(-1); }) ==
             "pow: a tensor of int64 to the power of -1; expected an exponent of 0 or more, or a "
             "floating type");
  BOOST_TEST(error_text([&] { truth.pow(truth); }) == "pow: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { ints - truth; }) == "sub: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { ints.sub_(true); }) == "sub: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { -truth; }) == "neg: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { truth.relu(); }) == "relu: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { truth.dot(truth); }) == "dot: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { ints.add_(0.5); }) ==
             "add: in place, the result is float32; expected the tensor's own int64");
  BOOST_TEST(error_text([&] {
               ints + tensor({1, 2, 3});
             }) ==
             "add: shapes [2] and [3] do not broadcast; expected equal sizes or 1 in dimension -1, "
             "not 2 and 3");
  BOOST_TEST(error_text([&] { where(ints, 1, 2); }) ==
             "where: the condition is int64; expected boolean");
}

BOOST_AUTO_TEST_SUITE_END()
