#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/memory.h"
#include "tests/support/options.h"

namespace {

using namespace taper;

/// What the statistics say of an op's results; nothing of ops that they do not name.
memory::Tracked use_of(std::string_view op) {
  for (const memory::OpUse& use : memory::stats().by_op)
    if (use.op == op) return use;
  return {};
}

int64_t retained() { return memory::stats().retained.current; }

constexpr int64_t bytes = 40000;  // of 100 x 100 floats

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_tracking)

BOOST_AUTO_TEST_CASE(results_are_booked_on_their_ops) {
  memory::TrackingGuard tracking;
  memory::reset_peak();
  Tensor x = ones({100, 100});
  {
    Tensor y = x.exp(), sum = x + y, z = sum.exp();
    sum = Tensor();
    BOOST_TEST(use_of("exp").current == 2 * bytes);
    BOOST_TEST(use_of("add").current == 0);
    BOOST_TEST(use_of("factory").current == bytes);
  }
  BOOST_TEST(use_of("exp").current == 0);
  BOOST_TEST(use_of("exp").at_peak == 2 * bytes);
  BOOST_TEST(use_of("add").at_peak == bytes);
  memory::reset_peak();
  BOOST_TEST(use_of("exp").at_peak == 0);
}

BOOST_AUTO_TEST_CASE(small_and_large_tensors_count_alike) {
  memory::TrackingGuard tracking;
  Tensor few = ones({2}), many = ones({1000, 1000});
  Tensor small = few.exp(), large = many.exp();
  BOOST_TEST(use_of("exp").current == 8 + 4000000);
}

BOOST_AUTO_TEST_CASE(views_and_writes_in_place_take_nothing) {
  memory::TrackingGuard tracking;
  Tensor x = ones({100, 100}), y = x.exp();
  y.t().mul_(2);
  BOOST_TEST(use_of("mul").current == 0);
  Tensor view = y.t();
  y = Tensor();
  BOOST_TEST(use_of("exp").current == bytes);
}

BOOST_AUTO_TEST_CASE(memory_that_a_result_takes_over_counts_for_its_op) {
  memory::TrackingGuard tracking;
  Tensor x = ones({100, 100}), y = (x + 1).exp();
  BOOST_TEST(use_of("add").current == 0);
  BOOST_TEST(use_of("exp").current == bytes);
}

BOOST_AUTO_TEST_CASE(untracked_memory_that_a_result_takes_over_counts_for_its_op) {
  Tensor x = ones({100, 100});
  {
    memory::TrackingGuard tracking;
    Tensor y = std::move(x).exp();
    BOOST_TEST(use_of("exp").current == bytes);
  }
  BOOST_TEST(use_of("exp").current == 0);
}

BOOST_AUTO_TEST_CASE(memory_that_an_unnamed_result_takes_over_is_a_factorys) {
  memory::TrackingGuard tracking;
  Tensor x = ones({100, 100}), y = x.exp();
  y.impl()->storage->start_anew();
  BOOST_TEST(use_of("exp").current == 0);
  BOOST_TEST(use_of("factory").current == 2 * bytes);
}

BOOST_AUTO_TEST_CASE(what_is_made_elsewhere_is_not_tracked) {
  Tensor x = ones({100, 100}), before = x.exp();
  BOOST_TEST(use_of("exp").current == 0);
  memory::TrackingGuard tracking;
  BOOST_TEST(use_of("exp").current == 0);
}

BOOST_AUTO_TEST_CASE(graphs_retain_what_they_saved) {
  Tensor x = ones({100, 100}, {.requires_grad = true});
  {
    memory::TrackingGuard tracking;
    memory::reset_peak();
    int64_t before = retained();
    Tensor y = x.exp(), z = y + x, loss = z.exp().sum();  // exp saves its result
    BOOST_TEST(retained() - before == 2 * bytes);
    BOOST_TEST(use_of("exp").current == 2 * bytes);
    y = z = Tensor();
    BOOST_TEST(retained() - before == 2 * bytes);
    loss.backward();
    BOOST_TEST(retained() == before);
    BOOST_TEST(memory::stats().retained.at_peak >= bytes);
  }
  BOOST_TEST(retained() == 0);
}

BOOST_AUTO_TEST_CASE(a_result_saved_at_the_peak_is_retained_at_the_peak) {
  Tensor x = ones({100, 100}, {.requires_grad = true});
  memory::TrackingGuard tracking;
  memory::reset_peak();
  BOOST_TEST(memory::stats().retained.at_peak == 0);
  Tensor y = x.exp();
  BOOST_TEST(memory::stats().retained.at_peak == bytes);
}

BOOST_AUTO_TEST_CASE(a_value_saved_twice_is_retained_once) {
  memory::TrackingGuard tracking;
  Tensor x = ones({100, 100}, {.requires_grad = true});
  Tensor y = x.exp();
  Tensor a = y * y, b = y.exp();
  BOOST_TEST(retained() == 2 * bytes);  // y and b
  y = a = Tensor();
  BOOST_TEST(retained() == 2 * bytes);
  b = Tensor();
  BOOST_TEST(retained() == 0);
}

BOOST_AUTO_TEST_CASE(a_tracked_tensor_may_outlive_the_guard) {
  Tensor y;
  {
    memory::TrackingGuard tracking;
    y = ones({100, 100}, {.requires_grad = true}).exp();
  }
  BOOST_TEST(use_of("exp").current == bytes);
  BOOST_TEST(retained() == bytes);
  y = Tensor();
  BOOST_TEST(use_of("exp").current == 0);
  BOOST_TEST(retained() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
