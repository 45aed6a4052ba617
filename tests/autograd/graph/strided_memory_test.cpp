// Tensors whose own memory is not packed, as bases of views and writes.

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/node.h"
#include "tests/support/error_text.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

/// [[1, 3, 5], [2, 4, 6]], column by column.
struct Columns {
  double memory[6] = {1, 2, 3, 4, 5, 6};
  Tensor x(bool requires_grad = false) {
    return from_blob(memory, {2, 3}, {1, 2}, {.dtype = float64, .requires_grad = requires_grad});
  }
};

BOOST_AUTO_TEST_SUITE(strided_memory_test)

BOOST_AUTO_TEST_CASE(write_through_a_view) {
  Columns columns;
  Tensor x = columns.x(), w = tensor({2.0, 3.0}, leaf);
  BOOST_TEST(!x.is_view());
  x.select(1, 2).mul_(w);
  TEST_VALUES(x, {1, 3, 10, 2, 4, 18});
  TEST_VALUES(grad({(x * x).sum()}, {w})[0], {100, 216});
}

BOOST_AUTO_TEST_CASE(write_to_the_base) {
  Columns columns;
  Tensor x = columns.x(), w = tensor({2.0, 3.0}, leaf);
  Tensor column = x.select(1, 2), row = x[1];
  x.mul_(w.unsqueeze(1));
  BOOST_TEST(column.grad_fn()->name() == "as_strided");
  TEST_VALUES(column, {10, 18});
  TEST_VALUES(grad({column.sum()}, {w}, {}, {.retain_graph = true})[0], {5, 6});
  TEST_VALUES(grad({row.sum()}, {w}, {}, {.retain_graph = true})[0], {0, 12});
  TEST_VALUES(grad({x.sum()}, {w})[0], {9, 12});
}

BOOST_AUTO_TEST_CASE(leaves_are_protected_as_packed_ones) {
  Columns columns;
  const std::string text =
      "mul_: cannot write to a view of a leaf that requires grad; expected NoGradGuard or another "
      "tensor";
  BOOST_TEST(error_text([&] { columns.x(true)[0].mul_(2); }) == text);
  Tensor p = ones({2, 3}, doubles).t().detach().requires_grad_();
  BOOST_TEST(error_text([&] { p[0].mul_(2); }) == text);
  Tensor x = columns.x(true);
  (x * x).sum().backward();
  TEST_VALUES(x.grad(), {2, 6, 10, 4, 8, 12});
}

BOOST_AUTO_TEST_CASE(detached_view) {
  Tensor w = tensor({2.0, 3.0}, leaf);
  Tensor d = tensor({{1.0, 2.0}, {3.0, 4.0}}, doubles).t().detach();
  BOOST_TEST(!d.is_view());
  d[1].mul_(w);
  TEST_VALUES(d, {1, 3, 4, 12});
  TEST_VALUES(grad({(d * d).sum()}, {w})[0], {16, 96});
  d.detach_();
  BOOST_TEST(!d.requires_grad());
}

BOOST_AUTO_TEST_CASE(set_data_packs) {
  Tensor x = zeros({2, 3}, doubles), w = tensor({2.0, 3.0}, leaf);
  x.set_data(tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}, doubles).t());
  BOOST_TEST(x.is_contiguous());
  x.select(1, 2).mul_(w);
  TEST_VALUES(x, {1, 3, 10, 2, 4, 18});
  TEST_VALUES(grad({x.sum()}, {w})[0], {5, 6});
  Columns columns;
  Tensor y = columns.x();
  y.set_data(ones({2}, doubles));
  TEST_VALUES(y, {1, 1});
}

BOOST_AUTO_TEST_CASE(order_2) {
  auto f = [](const Tensor& w) {
    auto columns = std::make_shared<Columns>();
    Tensor x = from_blob(
        columns->memory, {2, 3}, {1, 2}, [columns] {}, doubles);
    x.select(1, 1).mul_(w);
    x[0].mul_(x[1]);
    return x.square();
  };
  auto report = gradcheck(f, {tensor({0.5, -0.25}, leaf)}, {.order = 2});
  BOOST_TEST(report.ok(), to_string(report));
}

BOOST_AUTO_TEST_SUITE_END()
