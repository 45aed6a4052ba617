#include "autograd/kernels/softmax.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autograd/tensor/factories.h"
#include "tests/support/max_difference.h"

// The kernels have three ways: long rows, rows side by side, and short rows that are turned.

namespace {

using namespace taper;
using taper::test::max_difference;

/// exp(x) / sum(exp(x)) element by element, in double.
Tensor slow_softmax(const Tensor& x, int64_t dim) {
  Tensor e = exp(x.to(float64) - x.to(float64).amax(dim, true));
  return e / e.sum(dim, true);
}

const std::vector<std::pair<Shape, int64_t>> shapes{
    {{1, 1}, 1},    {{70, 1}, 1},     {{63, 7}, 1},       {{64, 10}, 1}, {{129, 32}, 1},
    {{3, 33}, 1},   {{5, 65}, 1},     {{2, 1000}, 1},     {{7, 3}, 0},   {{40, 130}, 0},
    {{2, 9, 2}, 1}, {{2, 33, 70}, 1}, {{3, 5, 64, 2}, 1}, {{0, 3}, 1},   {{3, 0, 2}, 0}};

template <class F>
void for_each_shape(const F& f) {
  manual_seed(1);
  for (const auto& [shape, dim] : shapes) {
    f(randn(shape), dim, 2e-6);
    f(randn(shape, {.dtype = float64}), dim, 1e-13);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(softmax_kernels)

BOOST_AUTO_TEST_CASE(forward_and_backward_in_every_shape) {
  for_each_shape([](const Tensor& x, int64_t dim, double bound) {
    Tensor y = slow_softmax(x, dim), dy = randn(x.sizes(), {.dtype = float64});
    BOOST_TEST(max_difference(softmax(x, dim).to(float64), y) <= bound, x.sizes());
    BOOST_TEST(max_difference(log_softmax(x, dim).to(float64), log(y)) <= 8 * bound, x.sizes());
    Tensor in_softmax = y * (dy - (dy * y).sum(dim, true));
    Tensor dx = softmax_input(dy.to(x.dtype()), y.to(x.dtype()), dim);
    BOOST_TEST(max_difference(dx.to(float64), in_softmax) <= 8 * bound, x.sizes());
    Tensor in_log = dy - y * dy.sum(dim, true);
    dx = log_softmax_input(dy.to(x.dtype()), log(y).to(x.dtype()), dim);
    BOOST_TEST(max_difference(dx.to(float64), in_log) <= 40 * bound, x.sizes());
  });
}

BOOST_AUTO_TEST_CASE(cross_entropy_in_every_shape) {
  for_each_shape([](const Tensor& x, int64_t dim, double bound) {
    if (x.numel() == 0 || dim != 1) return;
    Tensor y = slow_softmax(x, 1), rows = y.select(1, 0);
    Tensor target = empty(rows.sizes(), {.dtype = int64});
    for (int64_t i = 0; i < rows.numel(); ++i) target.data_ptr<int64_t>()[i] = i * 7 % x.size(1);
    Tensor loss = -log(y.gather(1, target.unsqueeze(1))).mean();
    Tensor in = x.clone().requires_grad_(), fast = cross_entropy(in, target);
    BOOST_TEST(max_difference(fast.to(float64), loss) <= 8 * bound, x.sizes());
    fast.backward();
    Shape wide(size_t(x.dim()), 1);
    wide[1] = x.size(1);
    Tensor one_hot = (target.unsqueeze(1) == arange(x.size(1)).reshape(wide)).to(float64);
    Tensor dx = (y - one_hot) / double(rows.numel());
    BOOST_TEST(max_difference(in.grad().to(float64), dx) <= bound, x.sizes());
  });
}

BOOST_AUTO_TEST_CASE(nan_and_infinity_stay_in_their_row) {
  for (int64_t classes : {3, 50})
    for (float bad : {NAN, INFINITY}) {
      Tensor x = zeros({5, classes});
      for (int64_t at = 0; at < classes; ++at) {
        x[2][at].fill_(bad);
        for (const Tensor& y : {softmax(x, 1), x.t().softmax(0).t(), log_softmax(x, 1).exp()}) {
          BOOST_TEST(std::isnan(y[2][at].item<float>()));
          BOOST_TEST(std::fabs(y[1][at].item<float>() * float(classes) - 1) < 1e-6f);
        }
        x[2][at].fill_(-INFINITY);
        BOOST_TEST(softmax(x, 1)[2][at].item<float>() == 0);
        x[2][at].fill_(0);
      }
      x[2].fill_(-INFINITY);
      BOOST_TEST(std::isnan(softmax(x, 1)[2][0].item<float>()));
    }
}

BOOST_AUTO_TEST_SUITE_END()
