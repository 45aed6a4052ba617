#include <boost/test/unit_test.hpp>

#include "autograd/kernels/norm.h"
#include "autograd/tensor/factories.h"
#include "tests/support/max_difference.h"

namespace {

using namespace taper;
using taper::test::max_difference;

Tensor leaf(const Tensor& x, Dtype dtype) { return x.to(dtype).clone().requires_grad_(); }

/// y and the gradients of x, weight and bias.
tensor_list all_of(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& dy,
                   bool slow) {
  Tensor y;
  if (slow) {
    Tensor off = x - x.mean(1, true);
    y = off / (off.square().mean(1, true) + 1e-5).sqrt() * weight + bias;
  } else {
    y = layer_norm(x, {x.size(1)}, weight, bias);
  }
  y.backward(dy.to(y.dtype()));
  return {y.detach(), x.grad(), weight.grad(), bias.grad()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layer_norm_kernel)

BOOST_AUTO_TEST_CASE(agrees_with_its_formula_in_every_size) {
  manual_seed(1);
  for (int64_t rows : {1, 15, 16, 35})
    for (int64_t columns : {2, 7, 16, 33, 130}) {
      Tensor x = randn({rows, columns}, {.dtype = float64}) + 3, dy = randn_like(x);
      Tensor weight = rand({columns}, {.dtype = float64}) + 0.5, bias = randn_like(weight);
      auto of = [&](Dtype d, bool slow) {
        return all_of(leaf(x, d), leaf(weight, d), leaf(bias, d), dy, slow);
      };
      tensor_list truth = of(float64, true), doubles = of(float64, false),
                  floats = of(float32, false);
      for (size_t i = 0; i < truth.size(); ++i) {
        double scale = truth[i].abs().amax().item<double>() + 1;
        BOOST_TEST(max_difference(doubles[i], truth[i]) <= 1e-9 * scale, x.sizes());
        BOOST_TEST(max_difference(floats[i].to(float64), truth[i]) <= 3e-4 * scale, x.sizes());
      }
    }
}

BOOST_AUTO_TEST_CASE(keeps_its_digits_far_from_zero) {
  Tensor x = (arange(64, {.dtype = float32}) + 100000).reshape({1, 64}), y = layer_norm(x, {64});
  double std = std::sqrt((64.0 * 64 - 1) / 12);
  for (int64_t i = 0; i < 64; ++i)
    BOOST_TEST(std::fabs(y[0][i].item<float>() - (double(i) - 31.5) / std) < 1e-5);
}

BOOST_AUTO_TEST_SUITE_END()
