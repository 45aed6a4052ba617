// Where apply puts results: a pointwise op takes the memory of a temporary.

#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "tests/support/error_text.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

namespace {

const Tensor x = tensor({1.0, 2.0, 3.0}), one = tensor({1.0, 1.0, 1.0});

/// Whether f, given a temporary, puts its result into the temporary's memory.
template <class F>
bool reuses(F f) {
  Tensor t = x.clone();
  void* memory = t.data_ptr();
  return f(std::move(t)).data_ptr() == memory;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(apply_test)

BOOST_AUTO_TEST_CASE(results_take_the_memory_of_temporaries) {
  BOOST_TEST(reuses([](Tensor&& t) { return std::move(t) + one; }));
  BOOST_TEST(reuses([](Tensor&& t) { return one - std::move(t); }));
  BOOST_TEST(reuses([](Tensor&& t) { return one.clone() * std::move(t); }) == false);  // the first
  BOOST_TEST(reuses([](Tensor&& t) { return std::move(t) * 2; }));
  BOOST_TEST(reuses([](Tensor&& t) { return 2 / std::move(t); }));
  BOOST_TEST(reuses([](Tensor&& t) { return -std::move(t); }));
  BOOST_TEST(reuses([](Tensor&& t) { return std::move(t).tanh(); }));
  BOOST_TEST(reuses([](Tensor&& t) { return relu(std::move(t)); }));
  BOOST_TEST(reuses([](Tensor&& t) { return gelu(std::move(t)); }));
  BOOST_TEST(reuses([](Tensor&& t) { return clamp(std::move(t), 0, 2); }));
  BOOST_TEST(reuses([](Tensor&& t) { return masked_fill(std::move(t), one < 0, 0); }));
  TEST_VALUES((x * 2 + one).square() - 1, {8, 24, 48});
}

BOOST_AUTO_TEST_CASE(results_leave_alone_what_somebody_else_holds) {
  Tensor other, row = x.clone();
  auto shared = [&](Tensor&& t) {
    other = t;
    return std::move(t) + one;
  };
  BOOST_TEST(!reuses(shared));
  BOOST_TEST(!reuses([&](Tensor&& t) { return other = t.detach(), std::move(t) + one; }));
  BOOST_TEST(!reuses([](Tensor&& t) { return t + one; }));
  BOOST_TEST(!reuses([](Tensor&& t) { return t < 2; }));
  BOOST_TEST(!reuses([](Tensor&& t) { return std::move(t) + zeros({2, 3}, {.dtype = float64}); }));
  BOOST_TEST(!reuses([](Tensor&& t) { return t.requires_grad_(), std::move(t) * 2; }));
  BOOST_TEST((row.narrow(0, 0, 2) + 1).data_ptr() != row.data_ptr());
  double memory[3] = {1, 2, 3};
  BOOST_TEST((from_blob(memory, {3}, {.dtype = float64}) + 1).data_ptr() != &memory[0]);
  TEST_VALUES(row, {1, 2, 3});
}

BOOST_AUTO_TEST_CASE(results_leave_alone_what_backward_reads) {
  Tensor w = x.clone().requires_grad_();
  Tensor saved = (w * 2) * w, own = (w.exp() + 1);
  Tensor free = (w + 1).tanh();  // tanh reads its own result
  Tensor expected = 4 * x + x.exp() + 1 - (x + 1).tanh().square();
  Tensor dw = grad({saved.sum() + own.sum() + free.sum()}, {w})[0];
  BOOST_TEST((dw - expected).abs().max().item<double>() < 1e-5);
}

BOOST_AUTO_TEST_CASE(a_result_in_old_memory_is_a_new_tensor) {
  Tensor t = x.clone();
  t.add_(1);
  Tensor y = std::move(t) * 2;
  BOOST_TEST(!t.defined());  // NOLINT(bugprone-use-after-move)
  BOOST_TEST(y.version() == 0);
  BOOST_TEST(!y.is_view());
  TEST_VALUES(y, {4, 6, 8});
}

BOOST_AUTO_TEST_CASE(a_tensor_may_be_moved_into_an_op_with_itself) {
  Tensor t = x.clone(), same = t;
  TEST_VALUES(std::move(t) + same, {2, 4, 6});
  auto square = [](Tensor&& v) { return std::move(v) * std::move(v); };
  TEST_VALUES(square(x.clone()), {1, 4, 9});
  auto less = [](Tensor&& v) { return std::move(v) - v; };
  TEST_VALUES(less(x.clone()), {0, 0, 0});
  TEST_VALUES(square(std::move(same)), {1, 4, 9});
}

BOOST_AUTO_TEST_CASE(a_handle_that_was_moved_from_says_so) {
  Tensor t = x.clone();
  Tensor y = std::move(t) + 1;
  // NOLINTNEXTLINE(bugprone-use-after-move)
  BOOST_TEST(error_text([&] { t.sizes(); }) == "tensor: undefined; expected a tensor with values");
}

BOOST_AUTO_TEST_SUITE_END()
