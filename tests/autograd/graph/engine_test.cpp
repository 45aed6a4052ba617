// Large and deep graphs.

#include "autograd/graph/engine.h"

#include <pthread.h>

#include <functional>

#include "autograd/graph/function.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

/// Runs f on a thread with a stack of 8 MB, whatever the limit of the main one is.
static void on_small_stack(std::function<void()> f) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, size_t(8) << 20);
  pthread_t thread;
  auto run = [](void* f) -> void* { return (*static_cast<std::function<void()>*>(f))(), nullptr; };
  BOOST_REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

BOOST_AUTO_TEST_SUITE(engine_test)

BOOST_AUTO_TEST_CASE(a_million_ops_in_a_row) {
  double gradient = 0;
  on_small_stack([&] {
    Tensor x = tensor(1.0, leaf), y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y + 1;
    y.backward();
    gradient = x.grad().item<double>();
  });
  BOOST_TEST(gradient == 1);
}

BOOST_AUTO_TEST_CASE(a_million_ops_are_freed_without_backward) {
  on_small_stack([] {
    Tensor x = tensor(1.0, leaf), y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y * x;
    y = Tensor();
  });
}

BOOST_AUTO_TEST_CASE(a_million_views_and_writes_in_a_row) {
  double gradient = 0;
  on_small_stack([&] {
    Tensor x = tensor({1.0, 2.0}, leaf), y = x * 1;
    for (int i = 0; i < 200'000; ++i) y[0].add_(1);
    y.sum().backward();
    gradient = x.grad()[0].item<double>();
    Tensor v = x;
    for (int i = 0; i < 200'000; ++i) v = v.view({2});
    v.sum().backward();
  });
  BOOST_TEST(gradient == 1);
}

BOOST_AUTO_TEST_CASE(sixty_doublings) {
  Tensor x = tensor(1.0, leaf), y = x;
  for (int i = 0; i < 60; ++i) y = y + y;
  y.backward();
  BOOST_TEST(x.grad().item<double>() == double(int64_t(1) << 60));
  y = x;
  for (int i = 0; i < 60; ++i) y = y + y;
  Tensor g = grad({y}, {x}, {}, {.create_graph = true})[0];
  BOOST_TEST(g.item<double>() == double(int64_t(1) << 60));
}

BOOST_AUTO_TEST_CASE(many_leaves) {
  tensor_list leaves;
  Tensor y = zeros({}, doubles);
  for (int i = 0; i < 20'000; ++i) {
    leaves.push_back(tensor(double(i), leaf));
    y = y + leaves.back() * 2;
  }
  y.backward();
  for (const Tensor& x : leaves) BOOST_REQUIRE(x.grad().item<double>() == 2);
}

/// Runs a backward of its own inside its backward.
struct Nested : autograd::Function<Nested> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    Tensor x = ctx->get_saved_variables()[0].detach().requires_grad_();
    EnableGradGuard enable_grad;
    return {dy[0] * grad({x * x}, {x})[0]};
  }
};

BOOST_AUTO_TEST_CASE(backward_inside_backward) {
  Tensor x = tensor(3.0, leaf);
  (Nested::apply(x) + Nested::apply(x * 2)).backward();
  TEST_VALUES(x.grad(), {6 + 24});
}

BOOST_AUTO_TEST_CASE(graph_is_gone_with_its_outputs) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Ref<Node> node;
  {
    Tensor y = x.exp();
    node = y.grad_fn();
    BOOST_TEST(node->use_count() == 2u);
    y.sum().backward();
  }
  BOOST_TEST(node->use_count() == 1u);
  BOOST_TEST(x.impl()->use_count() == 2u);  // the node's edge
  node = {};
  BOOST_TEST(x.impl()->use_count() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
