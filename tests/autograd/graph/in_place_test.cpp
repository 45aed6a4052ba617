// Writes in place: through views, into saved values, and what the graph makes of them.

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "tests/support/error_text.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(in_place_test)

BOOST_AUTO_TEST_CASE(history_goes_on) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor y = x * 3;
  y.mul_(2).add_(1);
  BOOST_TEST(y.grad_fn()->name() == "add");
  TEST_VALUES(y, {7, 13});
  y.sum().backward();
  TEST_VALUES(x.grad(), {6, 6});
}

BOOST_AUTO_TEST_CASE(base_and_other_views_see_a_write_through_a_view) {
  Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, leaf), w = tensor({10.0, 100.0}, leaf);
  Tensor base = x * 1;
  Tensor row = base[0], column = base.select(1, 0), all = base.view({4});
  row.mul_(w);
  TEST_VALUES(base, {10, 200, 3, 4});
  BOOST_TEST(base.grad_fn()->name() == "put_strided");
  BOOST_TEST(column.grad_fn()->name() == "as_strided");
  tensor_list g = grad({base.sum()}, {x, w}, {}, {.retain_graph = true});
  TEST_VALUES(g[0], {10, 100, 1, 1});
  TEST_VALUES(g[1], {1, 2});
  g = grad({column.sum()}, {x, w}, {}, {.retain_graph = true});
  TEST_VALUES(g[0], {10, 0, 1, 0});
  TEST_VALUES(g[1], {1, 0});
  g = grad({all.sum()}, {x}, {}, {.retain_graph = true});
  TEST_VALUES(g[0], {10, 100, 1, 1});
}

BOOST_AUTO_TEST_CASE(views_see_a_write_to_the_base) {
  Tensor x = tensor({1.0, 2.0, 3.0}, leaf);
  Tensor base = x * 1, part = base.narrow(0, 1, 2);
  base.mul_(5);
  TEST_VALUES(part, {10, 15});
  TEST_VALUES(grad({part.sum()}, {x})[0], {0, 5, 5});
}

BOOST_AUTO_TEST_CASE(writes_through_two_views_in_turn) {
  Tensor x = tensor({0.5, -0.25, 0.75}, leaf), w = tensor({0.5, 1.25}, leaf);
  auto f = [](const Tensor& x, const Tensor& w) {
    Tensor base = x * x;
    Tensor first = base.narrow(0, 0, 2), second = base.narrow(0, 1, 2);
    first.mul_(w);
    second.mul_(first + w);
    first.add_(second);
    return base * base.exp();
  };
  auto report = gradcheck(f, {x, w}, {.order = 2});
  BOOST_TEST(report.ok(), to_string(report));
}

BOOST_AUTO_TEST_CASE(view_of_a_view) {
  auto f = [](const Tensor& x) {
    Tensor base = x * 2;
    Tensor inner = base.t()[1].narrow(0, 0, 1);
    inner.mul_(3);
    base.select(0, 1).mul_(base.select(0, 0));
    return base.square();
  };
  auto report = gradcheck(f, {tensor({{0.5, -0.25}, {0.75, 1.5}}, leaf)}, {.order = 2});
  BOOST_TEST(report.ok(), to_string(report));
}

BOOST_AUTO_TEST_CASE(assignment_through_an_index) {
  Tensor x = tensor({1.0, 2.0, 3.0}, leaf), v = tensor(5.0, leaf);
  Tensor y = x * 1;
  y[1] = v;
  y[2] = 7;
  TEST_VALUES(y, {1, 5, 7});
  (y * y).sum().backward();
  TEST_VALUES(x.grad(), {2, 0, 0});
  TEST_VALUES(v.grad(), {10});
}

BOOST_AUTO_TEST_CASE(copy_into_a_plain_tensor_makes_it_require_grad) {
  Tensor x = tensor({1.0, 2.0}, leaf), y = zeros({4}, doubles);
  BOOST_TEST(!y.requires_grad());
  y.narrow(0, 1, 2).copy_(x);
  BOOST_TEST(y.requires_grad());
  TEST_VALUES(grad({(y * y).sum()}, {x})[0], {2, 4});
  Tensor z = zeros({2}, doubles);
  z.add_(x);
  BOOST_TEST(z.requires_grad());
}

BOOST_AUTO_TEST_CASE(overwriting_ends_history) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor y = x * 2;
  y.fill_(3);
  TEST_VALUES(grad({(y * y).sum()}, {x})[0], {0, 0});
}

BOOST_AUTO_TEST_CASE(operands_that_are_the_same_tensor) {
  auto twice = [](const Tensor& x) {
    Tensor y = x * 1;
    y.mul_(y);
    y.add_(y);
    return y;
  };
  Tensor x = tensor({1.5, -2.0}, leaf);
  TEST_VALUES(twice(x), {4.5, 8});
  BOOST_TEST(gradcheck(twice, {x}, {.order = 2}).ok());
}

BOOST_AUTO_TEST_CASE(operands_that_share_memory) {
  Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, doubles);
  x.add_(x.t());
  TEST_VALUES(x, {2, 5, 5, 8});
  Tensor y = tensor({1.0, 2.0, 3.0}, doubles);
  y.narrow(0, 1, 2).copy_(y.narrow(0, 0, 2));
  TEST_VALUES(y, {1, 1, 2});
  auto f = [](const Tensor& x) {
    Tensor y = x * 1;
    y.mul_(y.t());
    return y;
  };
  BOOST_TEST(gradcheck(f, {tensor({{1.0, 2.0}, {3.0, 4.0}}, leaf)}, {.order = 2}).ok());
}

BOOST_AUTO_TEST_CASE(operands_that_are_not_read_in_place) {
  Tensor i = tensor({1, 2, 0}), x = tensor({1, 2, 0});
  x.scatter_(0, i, x);  // both index and source would change below the loop
  BOOST_TEST(values(x) == values(tensor({0, 1, 2}).scatter(0, i, tensor({1, 2, 0}))),
             boost::test_tools::per_element());
  x = tensor({1, 2, 0});
  x.index_put_({x}, x);
  TEST_VALUES(x, {0, 1, 2});
  Tensor y = tensor({{1.0, 2.0}, {3.0, 4.0}}, doubles);
  y.scatter_(0, tensor({{1, 1}, {0, 0}}), y);
  TEST_VALUES(y, {3, 4, 1, 2});
}

BOOST_AUTO_TEST_CASE(leaf_below_what_it_is_divided_into) {
  Tensor x = tensor({1.0, 2.0}, leaf), d = x.detach();
  d.div_(x);
  BOOST_TEST(error_text([&] { d.sum().backward(); }) ==
             "div: input 1 of shape [2], saved for backward, was overwritten by div_; it is at "
             "version 1, expected version 0");
}

BOOST_AUTO_TEST_CASE(views_made_without_recording) {
  Tensor x = tensor({1.0, 2.0}, leaf), w = tensor({3.0}, leaf);
  Tensor base = x * 1, plain = zeros({2}, doubles), view, inner, other;
  {
    NoGradGuard no_grad;
    view = base[0];
    other = plain.narrow(0, 0, 1);
    other.add_(1);
  }
  inner = view.view({1});
  const std::string text =
      "mul_: cannot write to a view made under NoGradGuard; expected a view made while recording";
  BOOST_TEST(error_text([&] { view.mul_(2); }) == text);
  BOOST_TEST(error_text([&] { inner.mul_(2); }) == text);
  BOOST_TEST(error_text([&] { other.mul_(w); }) == text);
  BOOST_TEST(error_text([&] { other.mul_(2); }) == "no error");  // nothing to record
  TEST_VALUES(plain, {2, 0});
}

BOOST_AUTO_TEST_CASE(retained_gradient_of_a_view_whose_base_is_written) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor base = x * 1, view = base[1];
  view.retain_grad();
  base.mul_(3);
  (view * 5).backward();
  TEST_VALUES(view.grad(), {5});
  TEST_VALUES(x.grad(), {0, 15});
}

BOOST_AUTO_TEST_CASE(view_of_a_base_that_lost_its_history) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor base = x * 1, view = base[1];
  base.mul_(3);
  base.detach_();
  BOOST_TEST(!view.requires_grad());
  BOOST_TEST(view.is_leaf());
}

BOOST_AUTO_TEST_CASE(fine_where_nothing_was_saved) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor a = x * 1, y = a + 1;
  a.mul_(10);
  y.sum().backward();
  TEST_VALUES(x.grad(), {1, 1});
  Tensor b = x - 3;
  b.relu_();
  b.sum().backward();
  TEST_VALUES(x.grad(), {1, 1});
}

BOOST_AUTO_TEST_CASE(saved_values_that_were_overwritten) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  auto text = [&](auto write) {
    Tensor a = x * 1, y = a.square().sum();
    write(a);
    return error_text([&] { y.backward(); });
  };
  const std::string square =
      "square: input 0 of shape [2], saved for backward, was overwritten by ";
  const std::string once = "; it is at version 1, expected version 0";
  BOOST_TEST(text([](Tensor& a) { a[0].fill_(1); }) == square + "fill_" + once);
  BOOST_TEST(text([](Tensor& a) { a.detach().zero_(); }) == square + "zero_" + once);
  BOOST_TEST(text([](Tensor& a) {
               NoGradGuard no_grad;
               a.view({2, 1}).mul_(2);
             }) == square + "mul_" + once);
  BOOST_TEST(text([](Tensor& a) { a.uniform_(); }) == square + "uniform_" + once);
  BOOST_TEST(text([](Tensor& a) { a.data().zero_(); }) == "no error");  // the unchecked way
  BOOST_TEST(text([](Tensor& a) { a = a + 1; }) == "no error");         // another tensor
}

BOOST_AUTO_TEST_CASE(step_before_backward) {
  Tensor x = tensor({1.0, 2.0}, leaf), w = tensor({3.0}, leaf);
  Tensor y = (x * w).sum();
  {
    NoGradGuard no_grad;
    w.sub_(1);
  }
  BOOST_TEST(error_text([&] { y.backward(); }) ==
             "mul: input 1 of shape [1], saved for backward, was overwritten by sub_; it is at "
             "version 1, expected "
             "version 0");
}

BOOST_AUTO_TEST_CASE(version_counters) {
  Tensor x = zeros({3}, doubles);
  BOOST_TEST(x.version() == 0);
  x.add_(1);
  x[0].mul_(2);
  x.detach().sub_(1);
  BOOST_TEST(x.version() == 3);
  BOOST_TEST(x.narrow(0, 0, 1).version() == 3);
  BOOST_TEST(x.clone().version() == 0);
  x.data().add_(1);
  BOOST_TEST(x.version() == 3);
}

BOOST_AUTO_TEST_CASE(memory_that_repeats) {
  Tensor x = ones({2, 1}, doubles).expand({2, 3});
  BOOST_TEST(error_text([&] { x.add_(1); }) ==
             "add_: cannot write to an expanded tensor of shape [2, 3], several elements share "
             "memory; expected a "
             "clone() of it");
}

BOOST_AUTO_TEST_CASE(detach_shares_memory_and_nothing_else) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor y = x * 2, d = y.detach();
  BOOST_TEST(d.is_alias_of(y));
  BOOST_TEST(d.is_leaf());
  d.add_(1);
  TEST_VALUES(y, {3, 5});
  TEST_VALUES(grad({y.sum()}, {x})[0], {2, 2});
  y.detach_();
  BOOST_TEST(y.is_leaf());
  BOOST_TEST(!y.requires_grad());
}

BOOST_AUTO_TEST_CASE(retained_gradient_of_a_tensor_written_later) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  Tensor y = x * 2;
  y.retain_grad();
  y.mul_(3);
  (y * 5).sum().backward();
  TEST_VALUES(y.grad(), {5, 5});  // of what y is in the end
}

BOOST_AUTO_TEST_SUITE_END()
