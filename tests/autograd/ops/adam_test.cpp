#include <boost/test/unit_test.hpp>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"

using namespace taper;
using taper::test::error_text;
using taper::test::max_difference;

namespace {

struct State {
  Tensor x, grad, avg, sq, max;
  void step(int64_t steps, bool with_max = true) const {
    adam_step_(x, grad, avg, sq, with_max ? max : Tensor(), full({}, 0.1, {.dtype = float64}),
               full({}, steps), 0.9, 0.99, 1e-8, 0.1, true);
  }
};

State state(IntList sizes) {
  return {ones(sizes), full(sizes, 0.5, {.dtype = float32}), zeros(sizes), zeros(sizes),
          zeros(sizes)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adam_step)

BOOST_AUTO_TEST_CASE(large_and_strided_parameters_step_as_small_ones) {
  State one = state({1}), many = state({300, 401});
  State strided = many;
  for (Tensor* t : {&strided.x, &strided.grad, &strided.max})
    *t = (*t)[0].clone().unsqueeze(1).expand({401, 300}).clone().t();
  strided.avg = zeros({600, 401}).slice(0, 0, 600, 2);
  strided.sq = zeros_like(strided.sq);
  for (int64_t i = 0; i < 3; ++i)
    for (const State* s : {&one, &many, &strided}) s->step(i);
  Tensor expected = one.x.expand({300, 401});
  BOOST_TEST(max_difference(many.x, expected) == 0);
  BOOST_TEST(max_difference(strided.x, expected) == 0);
  BOOST_TEST(max_difference(strided.max, one.max.expand({300, 401})) == 0);
}

BOOST_AUTO_TEST_CASE(parameter_and_averages_may_lie_in_one_buffer) {
  State apart = state({3}), together = apart;
  Tensor all = zeros({4, 3});
  all[0].fill_(1);
  together.x = all[0];
  together.avg = all[1];
  together.sq = all[2];
  together.max = all[3];
  for (int64_t i = 0; i < 2; ++i)
    for (const State* s : {&apart, &together}) s->step(i);
  BOOST_TEST(max_difference(all[0], apart.x) == 0);
  BOOST_TEST(max_difference(all[1], apart.avg) == 0);
  BOOST_TEST(max_difference(all[2], apart.sq) == 0);
  BOOST_TEST(max_difference(all[3], apart.max) == 0);
}

BOOST_AUTO_TEST_CASE(refuses) {
  auto text = [](auto change) {
    State s = state({2});
    change(s);
    return error_text([&] { s.step(0); });
  };
  BOOST_TEST(text([](State& s) { s.x = zeros({2}, {.dtype = int64}); }) ==
             "adam_step_: the parameter is int64; expected a floating type");
  BOOST_TEST(text([](State& s) { s.grad = zeros({3}); }) ==
             "adam_step_: the gradient is float32 of shape [3]; expected the parameter's float32 "
             "of shape [2]");
  BOOST_TEST(text([](State& s) { s.avg = zeros({2}, {.dtype = float64}); }) ==
             "adam_step_: exp_avg is float64 of shape [2]; expected the parameter's float32 of "
             "shape [2]");
  BOOST_TEST(text([](State& s) { s.sq = zeros({}); }) ==
             "adam_step_: exp_avg_sq is float32 of shape []; expected the parameter's float32 of "
             "shape [2]");
  BOOST_TEST(text([](State& s) {
               s.max = zeros({2, 1});
             }) ==
             "adam_step_: max_exp_avg_sq is float32 of shape [2, 1]; expected the parameter's "
             "float32 of shape [2]");
  State s = state({2});
  BOOST_TEST(error_text([&] {
               adam_step_(s.x, s.grad, s.avg, s.sq, {}, zeros({}), full({}, 0), 0, 0, 0, 0, false);
             }) == "adam_step_: lr is float32 of shape []; expected one float64");
}

BOOST_AUTO_TEST_SUITE_END()
