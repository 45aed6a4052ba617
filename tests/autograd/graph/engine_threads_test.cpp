// Independent graphs on several threads, over leaves that they share.

#include <atomic>
#include <thread>

#include "autograd/graph/engine.h"
#include "autograd/graph/function.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

/// Runs f(0) .. f(n - 1), each on its own thread.
template <class F>
static void on_threads(int n, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
  for (std::thread& t : threads) t.join();
}

namespace {

struct Triple : autograd::Function<Triple> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * 3;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    return {dy[0] * 3 + ctx->get_saved_variables()[0] * 0};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(engine_threads_test)

BOOST_AUTO_TEST_CASE(shared_leaves_accumulate_every_gradient) {
  Tensor w = tensor({1.0, 2.0}, leaf), b = tensor(3.0, leaf);
  constexpr int threads = 4, steps = 200;
  on_threads(threads, [&](int i) {
    for (int step = 0; step < steps; ++step) {
      Tensor x = full({3, 2}, i + 1, doubles);
      (x * w + b).sum().backward();
    }
  });
  TEST_VALUES(w.grad(), {3.0 * steps * (1 + 2 + 3 + 4), 3.0 * steps * (1 + 2 + 3 + 4)});
  TEST_VALUES(b.grad(), {6.0 * steps * threads});
}

BOOST_AUTO_TEST_CASE(gradients_of_separate_graphs) {
  Tensor w = tensor({1.0, 2.0}, leaf);
  std::atomic<int> wrong = 0;
  on_threads(4, [&](int i) {
    for (int step = 0; step < 200; ++step) {
      Tensor y = (w * w * (i + 1)).sum();
      Tensor g = grad({y}, {w}, {}, {.create_graph = step % 2 == 0})[0];
      if (values(g) != Values{2.0 * (i + 1), 4.0 * (i + 1)}) ++wrong;
    }
  });
  BOOST_TEST(wrong == 0);
  BOOST_TEST(!w.grad().defined());
}

BOOST_AUTO_TEST_CASE(one_graph_walked_by_several) {
  Tensor w = tensor({1.0, 2.0}, leaf);
  Tensor y = Triple::apply((w * w).exp()).sum();
  Values expected = values(grad({y}, {w}, {}, {.retain_graph = true})[0]);
  std::atomic<int> wrong = 0;
  on_threads(4, [&](int) {
    for (int step = 0; step < 100; ++step)
      if (values(grad({y}, {w}, {}, {.retain_graph = true})[0]) != expected) ++wrong;
  });
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(modes_are_the_threads_own) {
  NoGradGuard no_grad;
  std::atomic<bool> enabled = false;
  on_threads(1, [&](int) { enabled = GradMode::is_enabled(); });
  BOOST_TEST(enabled);
  BOOST_TEST(!GradMode::is_enabled());
}

BOOST_AUTO_TEST_CASE(custom_functions_and_hooks) {
  Tensor w = tensor({1.0}, leaf);
  std::atomic<int> calls = 0;
  w.register_hook([&](const Tensor&) { ++calls; });
  on_threads(4, [&](int) {
    for (int step = 0; step < 100; ++step) Triple::apply(w).backward();
  });
  TEST_VALUES(w.grad(), {1200});
  BOOST_TEST(calls == 400);
}

BOOST_AUTO_TEST_CASE(view_whose_base_was_written_is_read_by_several) {
  for (int round = 0; round < 50; ++round) {
    Tensor x = tensor({1.0, 2.0}, leaf), base = x * 1, view = base[1];
    base.mul_(3);
    std::atomic<int> wrong = 0;
    on_threads(4, [&](int i) {
      if (i == 0 && !view.requires_grad()) ++wrong;
      if (i == 1 && view.grad_fn()->name() != "as_strided") ++wrong;
      if (i > 1 && values(grad({view * 2}, {x}, {}, {.retain_graph = true})[0]) != Values{0, 6})
        ++wrong;
    });
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(gradients_in_one_buffer) {
  Tensor buffer = zeros({4}, doubles);
  tensor_list leaves;
  for (int i = 0; i < 4; ++i) {
    leaves.push_back(tensor({1.0}, leaf));
    leaves[size_t(i)].mutable_grad() = buffer.narrow(0, i, 1);
  }
  on_threads(4, [&](int i) {
    for (int step = 0; step < 100; ++step) (leaves[size_t(i)] * 2).backward();
  });
  TEST_VALUES(buffer, {200, 200, 200, 200});
  BOOST_TEST(buffer.version() == 400);
}

BOOST_AUTO_TEST_CASE(graph_built_here_and_freed_there) {
  Tensor w = tensor({1.0}, leaf), y = w;
  for (int i = 0; i < 10'000; ++i) y = y * w;
  on_threads(1, [&](int) {
    y.backward();
    y = Tensor();
  });
  BOOST_TEST(w.grad().defined());
}

BOOST_AUTO_TEST_SUITE_END()
