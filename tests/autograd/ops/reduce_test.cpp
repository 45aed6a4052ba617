#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using taper::test::error_text;

static bool equal(const Tensor& a, const Tensor& b) { return (a == b).all().item<bool>(); }

BOOST_AUTO_TEST_SUITE(reductions)

BOOST_AUTO_TEST_CASE(variance_forms) {
  Tensor x = tensor({{1.0, 2.0}, {3.0, 6.0}});
  BOOST_TEST(x.var().item<float>() == 14.0f / 3);
  BOOST_TEST(x.var(false).item<float>() == 3.5f);
  BOOST_TEST(x.var(0)[1].item<float>() == 8);
  BOOST_TEST(x.var(0, false)[1].item<float>() == 4);
  BOOST_TEST(x.var({0, 1}, true, true).sizes() == IntList({1, 1}));
  BOOST_TEST(x.var({}, 2).item<float>() == 7);
  BOOST_TEST(std::isnan(tensor(1.0).var().item<float>()));
}

BOOST_AUTO_TEST_CASE(loop_orders_agree) {
  Tensor x = rand({70, 300, 9});
  for (int64_t d : {0, 1, 2}) {
    Tensor last = x.transpose(d, 2).contiguous().transpose(d, 2);  // d lies innermost
    BOOST_TEST(equal(x.sum(d), last.sum(d)));
    BOOST_TEST(equal(x.logsumexp(d), last.logsumexp(d)));
  }
  BOOST_TEST(equal(x.sum({0, 2}), x.permute({1, 0, 2}).contiguous().sum({1, 2})));
  BOOST_TEST(ones({3, 0}).sum(1)[2].item<float>() == 0);
  BOOST_TEST(ones({0, 3}).sum(0)[2].item<float>() == 0);
}

BOOST_AUTO_TEST_CASE(truth) {
  Tensor x = tensor({{0.0, 1.0}, {0.0, 0.0}});
  BOOST_TEST(x.any().item<bool>());
  BOOST_TEST(!x.all().item<bool>());
  BOOST_TEST(!x.any(1)[1].item<bool>());
  BOOST_TEST(x.all(0, true).sizes() == IntList({1, 2}));
  BOOST_TEST(empty(0).all().item<bool>());
  BOOST_TEST(!empty(0).any().item<bool>());
  BOOST_TEST(x.to(uint8).any().dtype() == uint8);
}

BOOST_AUTO_TEST_CASE(sums_of_exponentials_do_not_overflow) {
  Tensor x = tensor({1000.0, 1000.0, -1000.0}, {.dtype = float64});
  BOOST_TEST(x.logsumexp(0).item<double>() == 1000 + std::log(2.0));
  BOOST_TEST(tensor({1, 1}).logsumexp(0).dtype() == float32);
}

BOOST_AUTO_TEST_CASE(errors) {
  Tensor x = zeros({2, 3}), ints = tensor({1, 2});
  BOOST_TEST(error_text([&] { x.sum(2); }) == "sum: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([&] {
               x.sum({1, -1});
             }) == "sum: dimension 1 twice in [1, -1]; expected each once");
  BOOST_TEST(error_text([&] { ints.mean(); }) ==
             "mean: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([&] { ints.var(); }) ==
             "var: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([&] { x.logsumexp(-3); }) ==
             "logsumexp: dimension -3 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([&] { x.cumsum(2); }) ==
             "cumsum: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([&] {
               x.sum_to_size({2, 2});
             }) ==
             "sum_to_size: shape [2, 3] summed to [2, 2]; expected one that broadcasts to it");
}

BOOST_AUTO_TEST_SUITE_END()
