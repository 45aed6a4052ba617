#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autograd/tensor/factories.h"

namespace {

using namespace taper;

bool equal(const Tensor& a, const Tensor& b) { return (a == b).all().item<bool>(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(lines_in_every_layout)

BOOST_AUTO_TEST_CASE(extremes_and_running_sums_agree) {
  manual_seed(1);
  for (Dtype d : {int32, float32, float64}) {
    Tensor x = randint(-50, 50, {37, 65, 300}).to(d);  // with equal ones
    for (int64_t dim : {0, 1, 2}) {
      Tensor last = x.transpose(dim, 2).contiguous().transpose(dim, 2);  // dim lies innermost
      auto [y, index] = x.max(dim);
      auto [y_last, index_last] = last.max(dim);
      BOOST_TEST((equal(y, y_last) && equal(index, index_last)));
      BOOST_TEST(equal(x.gather(dim, index.unsqueeze(dim)).squeeze(dim), y));
      BOOST_TEST((equal(x.amax(dim), y) && equal(last.amax(dim), y)));
      BOOST_TEST(equal(x.argmin(dim), last.argmin(dim)));
      BOOST_TEST(equal(x.cumsum(dim), last.cumsum(dim)));
      BOOST_TEST(equal(x.cumsum(dim).select(dim, -1), x.sum(dim)));
    }
    BOOST_TEST((equal(x.amax(), x.amax(0).amax()) && equal(x.amin({0, 2}), x.amin(0).amin(1))));
  }
}

BOOST_AUTO_TEST_CASE(nan_wins_wherever_it_lies) {
  Tensor x = zeros({40, 70});
  for (int64_t i : {0, 1, 31, 32, 39})
    for (int64_t j : {0, 33, 69}) {
      x[i][j].fill_(NAN);
      BOOST_TEST(std::isnan(x.amax().item<float>()));
      for (int64_t dim : {0, 1}) {
        BOOST_TEST(std::isnan(x.amin(dim)[dim == 0 ? j : i].item<float>()));
        auto [y, index] = x.max(dim);
        BOOST_TEST(std::isnan(y[dim == 0 ? j : i].item<float>()));
        BOOST_TEST(index[dim == 0 ? j : i].item<int64_t>() == (dim == 0 ? i : j));
      }
      x[i][j].fill_(0);
    }
  BOOST_TEST(full({50}, -INFINITY).amax().item<float>() == -INFINITY);
}

BOOST_AUTO_TEST_SUITE_END()
