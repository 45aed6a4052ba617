#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "tests/support/error_text.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(hooks_test)

BOOST_AUTO_TEST_CASE(hook_of_a_leaf_sees_the_complete_gradient) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  int calls = 0;
  x.register_hook([&](const Tensor& g) {
    ++calls;
    TEST_VALUES(g, {5, 5});
  });
  (x * 2 + x * 3).sum().backward();
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(hooks_replace_in_order) {
  Tensor x = tensor({1.0}, leaf);
  x.register_hook([](const Tensor& g) { return g * 10; });
  x.register_hook([](const Tensor& g) { return g + 1; });
  (x * 2).backward();
  TEST_VALUES(x.grad(), {21});
  TEST_VALUES(grad({x * 2}, {x})[0], {21});
}

BOOST_AUTO_TEST_CASE(hook_of_an_inner_tensor) {
  Tensor x = tensor({1.0}, leaf);
  Tensor y = x * 2;
  unsigned hook = y.register_hook([](const Tensor& g) { return g * 100; });
  Tensor z = y * 3;
  z.backward({}, true);
  TEST_VALUES(x.grad(), {600});
  y.remove_hook(hook);
  z.backward();
  TEST_VALUES(x.grad(), {606});
  BOOST_TEST(error_text([&] { y.remove_hook(hook); }) ==
             "remove_hook: there is no hook 0; expected a number that registering returned");
}

BOOST_AUTO_TEST_CASE(removed_hook_of_a_leaf) {
  Tensor x = tensor({1.0}, leaf);
  unsigned first = x.register_hook([](const Tensor& g) { return g * 10; });
  unsigned second = x.register_hook([](const Tensor& g) { return g * 100; });
  BOOST_TEST(first != second);
  x.remove_hook(first);
  (x * 2).backward();
  TEST_VALUES(x.grad(), {200});
}

BOOST_AUTO_TEST_CASE(retained_gradients) {
  Tensor x = tensor({1.0}, leaf);
  Tensor y = x * 2;
  BOOST_TEST(!y.retains_grad());
  y.retain_grad();
  y.retain_grad();
  BOOST_TEST(y.retains_grad());
  Tensor z = y * 3;
  z.backward({}, true);
  TEST_VALUES(y.grad(), {3});
  z.backward();
  TEST_VALUES(y.grad(), {6});
  BOOST_TEST(!z.grad().defined());
  x.retain_grad();  // leaves keep theirs anyway
}

BOOST_AUTO_TEST_CASE(retained_gradient_sees_hooks) {
  Tensor x = tensor({1.0}, leaf);
  Tensor y = x * 2;
  y.retain_grad();
  y.register_hook([](const Tensor& g) { return g * 10; });
  (y * 3).backward();
  TEST_VALUES(y.grad(), {30});
}

BOOST_AUTO_TEST_CASE(hooks_on_nodes) {
  Tensor x = tensor({1.0}, leaf), w = tensor({5.0}, leaf);
  Tensor y = x * w;
  std::vector<std::string> order;
  y.grad_fn()->register_pre_hook([&](const Node& node, tensor_list& dy) {
    order.push_back("before " + std::string(node.name()));
    dy[0] = dy[0] * 2;
  });
  y.grad_fn()->register_post_hook([&](const Node&, tensor_list& dx) {
    order.push_back("after");
    BOOST_TEST(dx.size() == 2u);
    dx[1] = dx[1] * 100;
  });
  y.backward();
  TEST_VALUES(x.grad(), {10});
  TEST_VALUES(w.grad(), {200});
  BOOST_TEST(order == (std::vector<std::string>{"before mul", "after"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(post_accumulate_hook_fires_once_the_gradient_is_there) {
  Tensor x = tensor({1.0}, leaf);
  std::vector<double> seen;
  x.register_post_accumulate_grad_hook([&](const Tensor& t) {
    BOOST_TEST(t.is_same(x));
    seen.push_back(values(t.grad())[0]);
  });
  (x * 2 + x * 3).backward();
  (x * 1).backward();
  BOOST_TEST(seen == (Values{5, 6}), boost::test_tools::per_element());
  (x * 1).backward({}, false, false, {x});
  BOOST_TEST(seen.size() == 3u);
  grad({x * 1}, {x});
  BOOST_TEST(seen.size() == 3u);
}

BOOST_AUTO_TEST_CASE(leaf_is_complete_as_soon_as_it_can_be) {
  Tensor early = tensor({1.0}, leaf), late = tensor({1.0}, leaf);
  std::vector<int> order;
  early.register_post_accumulate_grad_hook([&](const Tensor&) { order.push_back(1); });
  late.register_post_accumulate_grad_hook([&](const Tensor&) { order.push_back(2); });
  Tensor y = late * 2;
  for (int i = 0; i < 5; ++i) y = y.exp();
  (y * early).backward({}, true);
  (early * y).backward();
  BOOST_TEST(order == (std::vector<int>{1, 2, 1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(hook_that_removes_itself) {
  Tensor x = tensor({1.0}, leaf);
  std::string seen;  // lives in the function that is removed
  unsigned first = 0, second = 0;
  first = x.register_hook([&, text = std::string(100, 'a')](const Tensor& g) {
    x.remove_hook(first);
    x.remove_hook(second);
    seen += text;
    return g * 10;
  });
  second = x.register_hook([](const Tensor& g) { return g * 100; });
  (x * 2).backward();
  (x * 2).backward();
  BOOST_TEST(seen == std::string(100, 'a'));
  TEST_VALUES(x.grad(), {22});
}

BOOST_AUTO_TEST_CASE(hook_that_registers_others) {
  Tensor x = tensor({1.0}, leaf), y = x * 1;
  int calls = 0;
  auto count = [&](const Tensor&) { ++calls; };
  auto more = [&](const Tensor& t) {
    return [&](const Tensor&) {
      for (int i = 0; i < 20; ++i) t.register_hook(count);
    };
  };
  x.register_hook(more(x));
  y.register_hook(more(y));
  x.register_post_accumulate_grad_hook([&](const Tensor& t) {
    for (int i = 0; i < 20; ++i) t.register_post_accumulate_grad_hook(count);
  });
  y.backward({}, true);
  BOOST_TEST(calls == 0);  // from the next time on
  y.backward();
  BOOST_TEST(calls == 60);
}

BOOST_AUTO_TEST_CASE(both_kinds_of_hooks_share_their_numbers) {
  Tensor x = tensor({1.0}, leaf);
  int calls = 0;
  unsigned after = x.register_post_accumulate_grad_hook([&](const Tensor&) { ++calls; });
  unsigned before = x.register_hook([](const Tensor& g) { return g * 10; });
  BOOST_TEST(after != before);
  x.remove_hook(after);
  (x * 2).backward();
  BOOST_TEST(calls == 0);
  TEST_VALUES(x.grad(), {20});
}

BOOST_AUTO_TEST_CASE(removed_hooks_of_nodes) {
  Tensor x = tensor({1.0}, leaf), y = x * 2;
  int calls = 0;
  auto count = [&](const Node&, tensor_list&) { ++calls; };
  unsigned before = y.grad_fn()->register_pre_hook(count);
  unsigned after = y.grad_fn()->register_post_hook(count);
  y.backward({}, true);
  y.grad_fn()->remove_hook(before);
  y.grad_fn()->remove_hook(after);
  y.backward();
  BOOST_TEST(calls == 2);
  BOOST_TEST(error_text([&] { y.grad_fn()->remove_hook(after); }) ==
             "remove_hook: there is no hook 1; expected a number that registering returned");
}

BOOST_AUTO_TEST_CASE(what_hooks_return_is_checked) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  auto text = [&](auto&& hook) {
    Tensor y = x * 2;
    y.register_hook(hook);
    return error_text([&] { y.sum().backward(); });
  };
  BOOST_TEST(text([](const Tensor& g) { return g.sum(); }) ==
             "register_hook: the hook returned shape []; expected [2]");
  BOOST_TEST(text([](const Tensor& g) { return g.to(float32); }) ==
             "register_hook: the hook returned type float32; expected float64");
  Tensor y = x * 2;
  unsigned hook = y.grad_fn()->register_pre_hook([](auto&, tensor_list& dy) { dy = {}; });
  BOOST_TEST(error_text([&] { y.sum().backward(); }) ==
             "register_pre_hook: the hook left 0 gradients; expected 1");
  y.grad_fn()->remove_hook(hook);
  hook = y.grad_fn()->register_pre_hook([](auto&, tensor_list& dy) { dy[0] = dy[0].sum(); });
  BOOST_TEST(error_text([&] { y.sum().backward(); }) ==
             "register_pre_hook: the hook left a gradient of shape []; expected [2]");
  y.grad_fn()->remove_hook(hook);
  y.grad_fn()->register_post_hook([](auto&, tensor_list& dx) { dx[0] = dx[0].unsqueeze(0); });
  BOOST_TEST(error_text([&] { y.sum().backward(); }) == "no error");  // mul broadcasts
  TEST_VALUES(x.grad(), {2, 2});
  Tensor z = x.exp();
  z.grad_fn()->register_post_hook([](auto&, tensor_list& dx) { dx[0] = dx[0].unsqueeze(0); });
  BOOST_TEST(error_text([&] { z.sum().backward(); }) ==
             "exp: its rule returned a gradient of shape [1, 2] for input 0; expected [2]");
}

BOOST_AUTO_TEST_CASE(retained_gradients_are_their_own) {
  Tensor x = tensor({1.0}, leaf), g = tensor({2.0}, doubles);
  Tensor y = x * 1, z = y + 0;
  y.retain_grad();
  z.retain_grad();
  z.backward(g);
  y.grad().mul_(100);
  TEST_VALUES(z.grad(), {2});
  TEST_VALUES(x.grad(), {2});
  TEST_VALUES(g, {2});
}

BOOST_AUTO_TEST_CASE(hooks_under_create_graph) {
  Tensor x = tensor({2.0}, leaf);
  x.register_hook([](const Tensor& g) { return g * g; });
  Tensor g = grad({x * x}, {x}, {}, {.create_graph = true})[0];  // (2 x)^2
  TEST_VALUES(g, {16});
  Tensor y = tensor({2.0}, leaf), z = y * 1;
  z.register_hook([](const Tensor& g) { return g * g; });
  Tensor first = grad({z * z}, {y}, {}, {.create_graph = true})[0];
  TEST_VALUES(first, {16});
  TEST_VALUES(grad({first}, {y})[0], {16 * 16});
}

BOOST_AUTO_TEST_CASE(backward_inside_a_hook) {
  Tensor x = tensor({2.0}, leaf), other = tensor({3.0}, leaf);
  Tensor y = x * x;
  y.register_hook([&](const Tensor&) {
    EnableGradGuard enable_grad;
    (other * other).backward();
  });
  (y * 2).backward();
  TEST_VALUES(x.grad(), {8});
  TEST_VALUES(other.grad(), {6});
}

BOOST_AUTO_TEST_CASE(hook_that_throws_leaves_the_engine_usable) {
  Tensor x = tensor({2.0}, leaf);
  Tensor y = x * x;
  unsigned hook = y.register_hook([](const Tensor&) { throw std::runtime_error("from a hook"); });
  BOOST_CHECK_THROW((y * 2).backward({}, true), std::runtime_error);
  y.remove_hook(hook);
  (y * 2).backward();
  TEST_VALUES(x.grad(), {8});
}

BOOST_AUTO_TEST_SUITE_END()
