#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"
#include "tests/support/options.h"
#include "tests/support/same_bits.h"

namespace {

using namespace taper;
using namespace taper::test;

void step(const Tensor& x, const Tensor& buffer) {
  sgd_step_(x, full({3}, 2.0, doubles), buffer, full({}, 0.1, doubles), full({}, 1), 0.9, 0, 0.01,
            false);
}

/// A parameter of a sort that lists may hold, its gradient and its momentum.
struct Parameter {
  Tensor x, grad, buffer;
  Parameter(const Tensor& x, const Tensor& buffer) : x(x), grad(randn_like(x)), buffer(buffer) {}
  explicit Parameter(const Tensor& x) : Parameter(x, randn_like(x)) {}
};

Tensor number(double value) { return full({}, value, doubles); }

/// Small and large, of both types, strided, empty, in one buffer, and one twice.
std::vector<Parameter> all_sorts() {
  manual_seed(7);
  Tensor shared = randn({4, 30000}), twice = randn({3}, doubles);
  std::vector<Parameter> out;
  out.emplace_back(randn({301, 401}));
  out.emplace_back(randn({5}, doubles), Tensor());
  out.emplace_back(randn({70, 300}).t(), randn({600, 70}).slice(0, 0, 600, 2));
  out.emplace_back(zeros({0, 3}));
  out.emplace_back(shared[0], shared[1]);
  out.emplace_back(shared[2], shared[3]);
  out.emplace_back(randn({}));
  out.emplace_back(twice);
  out.push_back(out.back());
  return out;
}

/// x and momentum of all.
tensor_list written(const std::vector<Parameter>& all) {
  tensor_list out;
  for (const Parameter& p : all)
    for (const Tensor& t : {p.x, p.buffer})
      if (t.defined()) out.push_back(t);
  return out;
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

BOOST_AUTO_TEST_CASE(lists_step_as_their_parameters_alone) {
  std::vector<Parameter> alone = all_sorts(), listed = all_sorts();
  Tensor steps = arange(int64_t(alone.size()));
  tensor_list x, grads, buffers;
  for (const Parameter& p : listed) {
    x.push_back(p.x);
    grads.push_back(p.grad);
    buffers.push_back(p.buffer);
  }
  for (size_t i = 0; i < alone.size(); ++i)
    sgd_step_(alone[i].x, alone[i].grad, alone[i].buffer, number(0.1), steps[int64_t(i)], 0.9, 0.5,
              0.01, true);
  sgd_steps_(x, grads, buffers, number(0.1), steps, 0.9, 0.5, 0.01, true);
  tensor_list expected = written(alone), found = written(listed);
  for (size_t i = 0; i < expected.size(); ++i)
    if (expected[i].numel()) BOOST_TEST(max_difference(found[i], expected[i]) == 0, i);
}

BOOST_AUTO_TEST_CASE(overlapping_parameters_step_in_turn) {
  auto run = [](bool listed) {
    manual_seed(8);
    Tensor all = randn({100000});
    tensor_list x{all.narrow(0, 0, 80000), all.narrow(0, 20000, 80000)};
    tensor_list grads{ones({80000}), randn({80000})};
    Tensor steps = zeros({2}, {.dtype = int64});
    if (listed)
      sgd_steps_(x, grads, {{}, {}}, number(0.1), steps, 0, 0, 0.5, false);
    else
      for (size_t i = 0; i < 2; ++i)
        sgd_step_(x[i], grads[i], {}, number(0.1), steps[0], 0, 0, 0.5, false);
    return all;
  };
  BOOST_TEST(max_difference(run(true), run(false)) == 0);
}

BOOST_AUTO_TEST_CASE(parameters_that_overlap_anything_step_on_one_thread) {
  ThreadSettings before;
  kernels::EagerThreads eager;
  auto run = [](int threads, bool two) {
    set_num_threads(threads);
    manual_seed(9);
    Tensor all = randn({50000}), steps = ones({2}, {.dtype = int64});
    Tensor first = all.narrow(0, 0, 40000), second = all.narrow(0, 64, 40000);
    tensor_list grads{randn({40000}), randn({40000})};
    if (two)
      sgd_steps_({first, second}, grads, {{}, {}}, number(0.1), steps, 0, 0, 0.5, false);
    else
      sgd_steps_({first}, {grads[0]}, {second}, number(0.1), steps.narrow(0, 0, 1), 0.9, 0, 0.5,
                 false);
    return all;
  };
  for (bool two : {false, true})
    for (int threads : {2, 3}) BOOST_TEST(max_difference(run(threads, two), run(1, two)) == 0);
}

BOOST_AUTO_TEST_CASE(infinity_stays_without_weight_decay) {
  for (Dtype type : {float32, float64}) {
    auto x = [&] { return full({19}, INFINITY, {.dtype = type}); };
    Tensor sgd = x(), adam = x(), adamw = x(), grad = ones({19}, {.dtype = type});
    Tensor momentum = zeros_like(grad);
    sgd_step_(sgd, grad, momentum, number(0.1), full({}, 1), 0.9, 0, 0, false);
    adam_step_(adam, grad, zeros_like(grad), zeros_like(grad), {}, number(0.1), full({}, 1), 0.9,
               0.999, 1e-8, 0, false);
    adam_step_(adamw, grad, zeros_like(grad), zeros_like(grad), {}, number(0.1), full({}, 1), 0.9,
               0.999, 1e-8, 0, true);
    for (const Tensor& t : {sgd, adam, adamw}) BOOST_TEST(t.sum().item<double>() == INFINITY);
    BOOST_TEST(momentum.sum().item<double>() == 19);
  }
}

BOOST_AUTO_TEST_CASE(refuses_lists) {
  Tensor x = ones({2}), lr = number(0.1), steps = zeros({1}, {.dtype = int64});
  auto text = [&](const tensor_list& grads, const Tensor& done) {
    return error_text([&] { sgd_steps_({x}, grads, {{}}, lr, done, 0, 0, 0, false); });
  };
  BOOST_TEST(text({x, x}, steps) ==
             "sgd_step_: 1 parameters, but a list of 2 tensors; expected lists of one length");
  BOOST_TEST(text({x}, zeros({2}, {.dtype = int64})) ==
             "sgd_step_: steps is int64 of shape [2]; expected int64 of shape [1]");
  BOOST_TEST(text({ones({3})}, steps) ==
             "sgd_step_: the gradient is float32 of shape [3]; expected the parameter's float32 of "
             "shape [2]");
  BOOST_TEST(max_difference(x, ones({2})) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
