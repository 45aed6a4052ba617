#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/max_difference.h"
#include "tests/support/options.h"

namespace {

using namespace taper;
using namespace taper::test;

void step(const Tensor& x, const Tensor& buffer) {
  sgd_step_(x, full({3}, 2.0, doubles), buffer, full({}, 0.1, doubles), full({}, 1), 0.9, 0, 0.01,
            false);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizer_steps)

BOOST_AUTO_TEST_CASE(parameter_and_momentum_may_lie_in_one_buffer) {
  Tensor x = ones({3}, doubles), momentum = full({3}, 0.5, doubles);
  Tensor all = cat({x, momentum});
  step(x, momentum);
  step(all.narrow(0, 0, 3), all.narrow(0, 3, 3));
  BOOST_TEST(max_difference(all, cat({x, momentum})) == 0);
  BOOST_TEST(max_difference(x, ones({3}, doubles)) > 0.1);
}

BOOST_AUTO_TEST_SUITE_END()
