#include "autograd/graph/engine.h"

#include <cmath>
#include <limits>

#include "autograd/graph/node.h"
#include "autograd/tensor/module_path.h"
#include "tests/support/error_text.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(backward_test)

BOOST_AUTO_TEST_CASE(gradients_accumulate_in_place) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  BOOST_TEST(!x.grad().defined());
  (x * x).sum().backward();
  TEST_VALUES(x.grad(), {2, 4});
  Tensor alias = x.grad();
  (x * 3).sum().backward();
  TEST_VALUES(alias, {5, 7});
  BOOST_TEST(!x.grad().requires_grad());
  x.mutable_grad() = Tensor();
  BOOST_TEST(!x.grad().defined());
}

BOOST_AUTO_TEST_CASE(gradient_may_be_a_view_of_a_larger_buffer) {
  Tensor buffer = zeros({5}, doubles), x = tensor({1.0, 2.0}, leaf);
  x.mutable_grad() = buffer.narrow(0, 1, 2);
  (x * 3).sum().backward();
  TEST_VALUES(buffer, {0, 3, 3, 0, 0});
}

BOOST_AUTO_TEST_CASE(first_gradient_is_not_shared) {
  Tensor x = tensor({1.0, 2.0}, leaf), y = tensor({1.0, 2.0}, leaf);
  Tensor g = ones({2}, doubles);
  (x + y).backward(g);
  x.mutable_grad().mul_(5);
  TEST_VALUES(y.grad(), {1, 1});
  TEST_VALUES(g, {1, 1});
}

BOOST_AUTO_TEST_CASE(repeated_inputs) {
  Tensor x = tensor({3.0}, leaf);
  (x * x * x).backward();
  TEST_VALUES(x.grad(), {27});
  BOOST_TEST(values(grad({x + x}, {x, x})[1])[0] == 2);
}

BOOST_AUTO_TEST_CASE(outputs_together) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor a = x.sum(), b = (x * x).sum();
  TEST_VALUES(grad({a, b}, {x}, {}, {.retain_graph = true})[0], {3, 5});
  TEST_VALUES(grad({a, b}, {x}, {tensor(10.0, doubles), Tensor()}, {.retain_graph = true})[0],
              {12, 14});
  TEST_VALUES(grad({a, a}, {x})[0], {2, 2});
  BOOST_TEST(!x.grad().defined());
}

BOOST_AUTO_TEST_CASE(output_below_another) {
  Tensor x = tensor(2.0, leaf);
  Tensor y = x * x, z = y * 3;
  TEST_VALUES(grad({z, y}, {x})[0], {16});
}

BOOST_AUTO_TEST_CASE(backward_of_a_leaf) {
  Tensor x = tensor(2.0, leaf);
  x.backward();
  TEST_VALUES(x.grad(), {1});
}

BOOST_AUTO_TEST_CASE(inner_tensors_as_inputs) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor y = x * x, z = (y * y).sum();
  tensor_list g = grad({z}, {y, x});
  TEST_VALUES(g[0], {2, 8});
  TEST_VALUES(g[1], {4, 32});
  BOOST_TEST(values(grad({z}, {z}, {}, {.retain_graph = true})[0])[0] == 1);
}

BOOST_AUTO_TEST_CASE(backward_into_chosen_inputs) {
  Tensor x = tensor(2.0, leaf), w = tensor(3.0, leaf);
  (x * w).backward({}, false, false, {x});
  TEST_VALUES(x.grad(), {3});
  BOOST_TEST(!w.grad().defined());
  Tensor y = x * w;
  (y * y).backward({}, false, false, {y});
  TEST_VALUES(y.grad(), {12});
  TEST_VALUES(x.grad(), {3});
  Tensor z = x * w;
  z.retain_grad();
  (z * z).backward({}, false, false, {z, z});
  TEST_VALUES(z.grad(), {12});
  BOOST_TEST(z.retains_grad());
}

BOOST_AUTO_TEST_CASE(only_what_is_needed_runs) {
  Tensor x = tensor(2.0, leaf), w = tensor(3.0, leaf);
  Tensor inner = x.exp();
  int calls = 0;
  inner.grad_fn()->register_post_hook([&](const Node&, tensor_list&) { ++calls; });
  grad({inner * w}, {w});
  BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(second_backward) {
  Tensor x = tensor(2.0, leaf);
  Tensor sum = x + x;  // saves nothing
  sum.backward();
  sum.backward();
  TEST_VALUES(x.grad(), {4});
  Tensor product = x * x;
  product.backward({}, true);
  product.backward();
  TEST_VALUES(x.grad(), {12});
  BOOST_TEST(error_text([&] { product.backward(); }) ==
             "mul: its saved values were freed by an earlier backward; expected retain_graph=true "
             "there to run "
             "backward twice");
}

BOOST_AUTO_TEST_CASE(saved_memory_is_freed_by_backward) {
  Tensor x = tensor({2.0, 3.0}, leaf);
  Tensor a = x * 1, y = a.square().sum();
  auto owners = [&] { return a.impl()->storage->use_count(); };
  uint32_t before = owners();
  a = Tensor(Ref<TensorImpl>(a.impl()));
  y.backward();
  BOOST_TEST(owners() <= before);
  BOOST_TEST(a.impl()->use_count() == 1u);
}

BOOST_AUTO_TEST_CASE(create_graph) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor g = grad({(x * x * x).sum()}, {x}, {}, {.create_graph = true})[0];
  TEST_VALUES(g, {3, 12});
  BOOST_TEST(g.requires_grad());
  (g * g).sum().backward();  // 2 * 3 x^2 * 6 x
  TEST_VALUES(x.grad(), {36, 288});

  Tensor y = tensor(2.0, leaf);
  (y * y * y).backward({}, std::nullopt, true);
  BOOST_TEST(y.grad().requires_grad());
  Tensor third = grad({grad({y.grad()}, {y}, {}, std::nullopt, true)[0]}, {y})[0];
  TEST_VALUES(third, {6});
  y.mutable_grad() = Tensor();  // y holds it, and it y
}

BOOST_AUTO_TEST_CASE(create_graph_retains_the_graph) {
  Tensor x = tensor(2.0, leaf), y = x * x;
  grad({y}, {x}, {}, {.create_graph = true});
  y.backward();
  TEST_VALUES(x.grad(), {4});
}

BOOST_AUTO_TEST_CASE(create_graph_without_retain_graph) {
  Tensor x = tensor(2.0, leaf), y = x * x;
  grad({y}, {x}, {}, false, true);
  BOOST_TEST(error_text([&] { y.backward(); }).starts_with("mul: its saved values were freed"));
}

BOOST_AUTO_TEST_CASE(gradients_of_create_graph_are_each_leafs_own) {
  Tensor x = tensor({1.0, 2.0}, leaf), y = tensor({1.0, 2.0}, leaf);
  Tensor g = ones({2}, leaf);
  (x + y).backward(g, std::nullopt, true);
  BOOST_TEST(!x.grad().is_alias_of(y.grad()));
  BOOST_TEST(!x.grad().is_alias_of(g));
  TEST_VALUES(grad({x.grad().sum()}, {g})[0], {1, 1});
  x.mutable_grad() = y.mutable_grad() = Tensor();
}

BOOST_AUTO_TEST_CASE(grad_of_another_shape_or_type) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  x.mutable_grad() = ones({1, 2}, doubles);
  BOOST_TEST(error_text([&] { (x * 2).sum().backward(); }) ==
             "backward: the grad that a leaf holds has shape [1, 2]; expected [2]");
  x.mutable_grad() = ones({2});
  BOOST_TEST(error_text([&] { (x * 2).sum().backward(); }) ==
             "backward: the grad that a leaf holds has type float32; expected float64");
}

BOOST_AUTO_TEST_CASE(gradients_meet_in_memory_of_their_own) {
  Tensor x = tensor({1.0, 2.0}, leaf), g = ones({2}, doubles);
  Tensor y = x * 1;
  Tensor a = y + 0, b = y + 0, c = y * 3;
  a.retain_grad();
  b.retain_grad();
  autograd::backward({a, b, c}, {g, g, g});
  TEST_VALUES(x.grad(), {5, 5});
  TEST_VALUES(g, {1, 1});
  TEST_VALUES(a.grad(), {1, 1});
}

BOOST_AUTO_TEST_CASE(errors_of_backward_name_the_module) {
  Tensor x = tensor({1.0, 2.0}, leaf), y, g;
  {
    ModuleScope scope(intern_module_path(nullptr, "block", "Block"));
    y = (x * 1).square();
  }
  g = grad({y.sum()}, {x}, {}, {.create_graph = true})[0];
  BOOST_TEST(g.grad_fn()->path()->full == "block");
  y.sum().backward();
  BOOST_TEST(error_text([&] { y.sum().backward(); }) ==
             "square: its saved values were freed by an earlier backward; expected "
             "retain_graph=true there to run backward twice; in block");
}

BOOST_AUTO_TEST_CASE(types_meet) {
  Tensor x = ones({2}, {.requires_grad = true}), y = ones({2}, leaf);
  (x * y).sum().backward();
  BOOST_TEST(x.grad().dtype() == float32);
  BOOST_TEST(y.grad().dtype() == float64);
  x.mutable_grad() = Tensor();
  x.to(float64).sum().backward();
  BOOST_TEST(x.grad().dtype() == float32);
}

BOOST_AUTO_TEST_CASE(broadcast_gradients_are_summed) {
  Tensor row = tensor({1.0, 2.0}, leaf), number = tensor(3.0, leaf);
  (ones({3, 2}, doubles) * row * number).sum().backward();
  TEST_VALUES(row.grad(), {9, 9});
  TEST_VALUES(number.grad(), {9});
}

BOOST_AUTO_TEST_CASE(what_never_requires_grad) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  BOOST_TEST(!(x > 1).requires_grad());
  BOOST_TEST(!x.argmax(0).requires_grad());
  BOOST_TEST(!std::get<1>(x.max(0)).requires_grad());
  BOOST_TEST(std::get<0>(x.max(0)).requires_grad());
  BOOST_TEST(!x.to(int64).requires_grad());
  BOOST_TEST(!x.detach().requires_grad());
  BOOST_TEST(x.requires_grad_(false).requires_grad() == false);
}

BOOST_AUTO_TEST_CASE(not_a_number_leaks_through_where) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor nan = x * std::numeric_limits<double>::quiet_NaN();
  where(tensor({true, true}), x, nan).sum().backward();
  BOOST_TEST(std::isnan(values(x.grad())[0]));
}

BOOST_AUTO_TEST_CASE(node_remembers_what_it_is) {
  Tensor x = tensor({1.0, 2.0}, leaf), y = x * x;
  BOOST_TEST(x.is_leaf());
  BOOST_TEST(!x.grad_fn());
  BOOST_TEST(!y.is_leaf());
  BOOST_TEST(y.grad_fn()->name() == "mul");
  BOOST_TEST(y.grad_fn()->inputs() == 2u);
  BOOST_TEST((y.grad_fn()->edge(0).leaf.get() == x.impl()));
  BOOST_TEST(y.output_nr() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
