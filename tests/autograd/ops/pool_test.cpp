#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"

using namespace taper;
using taper::test::error_text;
using taper::test::max_difference;

namespace {

struct Case {
  Shape x;
  Int2 kernel, stride, padding, dilation;
  bool ceil_mode, count_include_pad;
};

Case random_case(std::mt19937& random) {
  auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  Case c;
  c.kernel = {draw(1, 3), draw(1, 3)};
  c.stride = {draw(1, 3), draw(1, 3)};
  c.padding = {draw(0, c.kernel.h / 2), draw(0, c.kernel.w / 2)};
  c.dilation = {draw(1, 2), draw(1, 2)};
  c.ceil_mode = draw(0, 1);
  c.count_include_pad = draw(0, 1);
  c.x = {draw(1, 2), draw(1, 2), 5 + draw(0, 4), 5 + draw(0, 4)};
  return c;
}

/// The gradients of y = f(x) by the fast rules and by the written formulas agree.
template <class F>
void check_formula(const Shape& sizes, F f) {
  Tensor x = randn(sizes, {.dtype = float64, .requires_grad = true});
  Tensor y = f(x), dy = randn(y.sizes(), {.dtype = float64});
  Tensor fast = grad({y}, {x}, {dy}, {.retain_graph = true})[0];
  FormulaGuard formulas;
  BOOST_TEST(max_difference(fast, grad({y}, {x}, {dy})[0]) < 1e-13);
}

const double not_a_number = std::nan("");

}  // namespace

BOOST_AUTO_TEST_SUITE(pool)

BOOST_AUTO_TEST_CASE(formulas_equal_the_kernels) {
  manual_seed(3);
  std::mt19937 random(3);
  for (int i = 0; i < 100; ++i) {
    Case c = random_case(random);
    BOOST_TEST_CONTEXT("case " << i << " of shape " << to_string(c.x)) {
      check_formula(c.x, [&](const Tensor& x) {
        return max_pool2d(x, c.kernel, c.stride, c.padding, c.dilation, c.ceil_mode);
      });
      check_formula(c.x, [&](const Tensor& x) {
        return avg_pool2d(x, c.kernel, c.stride, c.padding, c.ceil_mode, c.count_include_pad);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(formulas_hold_to_finite_differences) {
  manual_seed(4);
  FormulaGuard formulas;
  Tensor x = randn({1, 2, 5, 6}, {.dtype = float64, .requires_grad = true});
  auto max = gradcheck([](const Tensor& t) { return max_pool2d(t, 3, 2, 1); }, {x}, {.order = 2});
  BOOST_TEST(max.ok(), to_string(max));
  auto avg = gradcheck([](const Tensor& t) { return avg_pool2d(t, 3, 2, 1); }, {x}, {.order = 2});
  BOOST_TEST(avg.ok(), to_string(avg));
}

/// Whether all elements are the same; NaN is like NaN.
bool equal(const Tensor& a, const Tensor& b) {
  Tensor same = (a == b).to(int64) + (a != a).to(int64) * (b != b).to(int64);
  return a.sizes() == b.sizes() && (same == 1).all().item<bool>();
}

/// Values with many ties, and some infinities and NaNs among them.
Tensor awkward_values(const Shape& sizes, std::mt19937& random) {
  Tensor x = empty(sizes);
  for (int64_t i = 0; i < x.numel(); ++i) {
    int v = std::uniform_int_distribution<int>(0, 12)(random);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    x.data_ptr<float>()[i] = v < 9 ? float(v) : v < 11 ? -infinity : v == 11 ? infinity : NAN;
  }
  return x;
}

BOOST_AUTO_TEST_CASE(vectors_equal_the_plain_loops) {
  std::mt19937 random(5);
  manual_seed(5);
  for (int i = 0; i < 300; ++i) {
    Case c = random_case(random);
    c.x[2] += std::uniform_int_distribution<int64_t>(0, 40)(random);
    c.x[3] += std::uniform_int_distribution<int64_t>(0, 40)(random);
    if (i % 3 == 0) c.kernel = c.stride = 2;
    if (i % 3 == 0) c.padding = {random() % 2, random() % 2};
    if (i % 3 == 0) c.dilation = 1;
    BOOST_TEST_CONTEXT("case " << i << " of shape " << to_string(c.x)) {
      Tensor x = awkward_values(c.x, random).requires_grad_();
      Tensor wide = x.detach().to(float64).requires_grad_();
      auto [y, cell] =
          max_pool2d_with_cells(x, c.kernel, c.stride, c.padding, c.dilation, c.ceil_mode);
      auto [slow, slow_cell] =
          max_pool2d_with_cells(wide, c.kernel, c.stride, c.padding, c.dilation, c.ceil_mode);
      BOOST_TEST(equal(cell, slow_cell));
      BOOST_TEST(equal(y, slow.to(float32)));
      Tensor dy = randint(-3, 3, y.sizes()).to(float32);
      BOOST_TEST(
          equal(grad({y}, {x}, {dy})[0], grad({slow}, {wide}, {dy.to(float64)})[0].to(float32)));
      Tensor z = randn(c.x, {.requires_grad = true}), zd = z.detach().to(float64).requires_grad_();
      auto mean = [&](const Tensor& t) {
        return avg_pool2d(t, c.kernel, c.stride, c.padding, c.ceil_mode, c.count_include_pad);
      };
      Tensor m = mean(z), md = mean(zd), dm = randn(m.sizes());
      BOOST_TEST(max_difference(m, md.to(float32)) < 1e-6);
      BOOST_TEST(max_difference(grad({m}, {z}, {dm})[0],
                                grad({md}, {zd}, {dm.to(float64)})[0].to(float32)) < 2e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(windows_of_more_cells_than_a_byte_counts) {
  manual_seed(6);
  Tensor x = randn({2, 3, 20, 37}, {.requires_grad = true});
  auto [y, cell] = max_pool2d_with_cells(x, {17, 18}, 1);
  BOOST_TEST(cell.dtype() == int64);
  auto [by_rows, rows] = x.unfold(2, 17, 1).max(-1);
  auto [largest, columns] = by_rows.unfold(3, 18, 1).max(-1);
  BOOST_TEST(equal(y, largest));
  Tensor dy = randint(-3, 3, y.sizes()).to(float32);
  BOOST_TEST(equal(grad({y}, {x}, {dy})[0], grad({largest}, {x}, {dy})[0]));
}

BOOST_AUTO_TEST_CASE(cells_outside_the_window_get_nothing) {
  Tensor cell = full({1, 2, 3}, 9, {.dtype = uint8});
  BOOST_TEST(equal(max_pool2d_input(ones({1, 2, 3}), cell, {1, 4, 6}, 2), zeros({1, 4, 6})));
  cell = full({1, 1, 1}, 9, {.dtype = uint8});
  BOOST_TEST(equal(max_pool2d_input(ones({1, 1, 1}), cell, {1, 2, 2}, 2), zeros({1, 2, 2})));
}

BOOST_AUTO_TEST_CASE(the_first_maximum_wins) {
  Tensor x = tensor({{{1, 1, 0, 0}, {1, 1, 0, 0}}}, {.dtype = float64, .requires_grad = true});
  auto [y, mask] = max_pool(x);
  Tensor first = tensor({{{1, 0, 1, 0}, {0, 0, 0, 0}}}, {.dtype = float64});
  BOOST_TEST(max_difference(mask, first) == 0);
  BOOST_TEST(!mask.requires_grad());
  BOOST_TEST(max_difference(grad({y.sum()}, {x}, {}, {.retain_graph = true})[0], first) == 0);
  FormulaGuard formulas;
  BOOST_TEST(max_difference(grad({y.sum()}, {x})[0], first) == 0);
}

BOOST_AUTO_TEST_CASE(the_mask_is_binary_where_windows_share_a_maximum) {
  Tensor x = zeros({1, 1, 3, 3});
  x.view(-1)[4].fill_(5);
  auto [y, mask] = max_pool(x, 2, 1);
  BOOST_TEST(max_difference(y, full({1, 1, 2, 2}, 5.0)) == 0);
  BOOST_TEST(max_difference(mask, x / 5) == 0);
}

BOOST_AUTO_TEST_CASE(the_last_nan_wins) {
  Tensor x = tensor({{{1.0, not_a_number, 2.0}, {not_a_number, 0.0, 3.0}}});
  auto [y, index] = max_pool2d_with_indices(x, 2, 1);
  BOOST_TEST(std::isnan(y.flatten()[0].item<float>()));
  BOOST_TEST(index.flatten()[0].item<int64_t>() == 3);  // the last of several
  BOOST_TEST(index.flatten()[1].item<int64_t>() == 1);
}

BOOST_AUTO_TEST_CASE(ways_to_call_it) {
  Tensor x = arange(16).reshape({1, 1, 4, 4}).to(float32);
  BOOST_TEST(max_difference(max_pool2d(x, 2), tensor({{{{5.0, 7.0}, {13.0, 15.0}}}})) == 0);
  BOOST_TEST(max_difference(max_pool2d(x, {2, 2}, {2, 2}, 0, 1, false), max_pool2d(x, 2)) == 0);
  BOOST_TEST(max_difference(max_pool2d(x[0], 2), max_pool2d(x, 2)[0]) == 0);
  BOOST_TEST(max_difference(max_pool2d(x.to(int64), 2), tensor({{{{5, 7}, {13, 15}}}})) == 0);
  BOOST_TEST(max_difference(avg_pool2d(x, 2), tensor({{{{2.5, 4.5}, {10.5, 12.5}}}})) == 0);
  BOOST_TEST(max_difference(avg_pool2d(x, 2, 2, 0, false, true, 2), avg_pool2d(x, 2) * 2) == 0);
  BOOST_TEST((max_pool2d(x, 3).sizes() == IntList({1, 1, 1, 1})));
  BOOST_TEST((max_pool2d(x, 3, 2, 0, 1, true).sizes() == IntList({1, 1, 2, 2})));
  BOOST_TEST(max_difference(max_pool2d(x.transpose(2, 3), 2), max_pool2d(x, 2).transpose(2, 3)) ==
             0);
}

BOOST_AUTO_TEST_CASE(error_texts) {
  Tensor x = ones({1, 1, 4, 4});
  BOOST_TEST(error_text([&] {
               max_pool2d(ones({4, 4}), 2);
             }) == "max_pool2d: input has shape [4, 4]; expected [N, C, H, W] or [C, H, W]");
  BOOST_TEST(error_text([&] { max_pool2d(x, 0); }) ==
             "max_pool2d: kernel is [0, 0]; expected 1 to 2147483647");
  BOOST_TEST(error_text([&] { max_pool2d(x, 2, 0); }) ==
             "max_pool2d: stride is [0, 0]; expected 1 to 2147483647");
  BOOST_TEST(error_text([&] {
               avg_pool2d(x, 2, {1, 0});
             }) == "avg_pool2d: stride is [1, 0]; expected 1 to 2147483647");
  BOOST_TEST(error_text([&] { max_pool2d(x, 2, -1); }) ==
             "max_pool2d: stride is [-1, -1]; expected 1 to 2147483647");
  BOOST_TEST(error_text([&] {
               max_pool2d(x, 2, 2, {0, -1});
             }) == "max_pool2d: padding is [0, -1]; expected 0 to 2147483647");
  BOOST_TEST(error_text([&] { max_pool2d(x, 2, 2, 0, 0); }) ==
             "max_pool2d: dilation is [0, 0]; expected 1 to 2147483647");
  BOOST_TEST(error_text([&] { max_pool2d(x, 2, 2, 2); }) ==
             "max_pool2d: padding is [2, 2]; expected at most half of what the kernel reaches "
             "over, [2, 2]");
  BOOST_TEST(error_text([&] {
               max_pool2d(x, {5, 1});
             }) ==
             "max_pool2d: the kernel reaches over [5, 1], the input of shape [1, 1, 4, 4] has no "
             "room for it; expected at most the padded input");
  BOOST_TEST(error_text([&] {
               max_pool2d(ones({1, 1, 1, 4}), 2, 2, 1, 2);
             }) ==
             "max_pool2d: the windows of output row 0 lie in the padding alone; expected each to "
             "hold an element");
  BOOST_TEST(error_text([&] { max_pool2d(x == 1, 2); }) ==
             "max_pool2d: a boolean tensor; expected numbers");
  BOOST_TEST(error_text([&] { avg_pool2d(x.to(int64), 2); }) ==
             "avg_pool2d: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([&] { avg_pool2d(x, 2, 2, 0, false, true, 0); }) ==
             "avg_pool2d: divisor_override is 0; expected another number");
  BOOST_TEST(error_text([&] {
               max_pool2d_input(ones({1, 1, 2, 2}), zeros({1, 1, 2, 2}), {1, 1, 4, 4}, 2);
             }) ==
             "max_pool2d_input: cell is float32 of shape [1, 1, 2, 2]; expected uint8 of shape [1, "
             "1, 2, 2]");
  BOOST_TEST(error_text([&] {
               max_pool2d_input(ones({1, 1, 2, 1}), zeros({1, 1, 2, 2}, {.dtype = uint8}),
                                {1, 1, 4, 4}, 2);
             }) ==
             "max_pool2d_input: dy has shape [1, 1, 2, 1], cell [1, 1, 2, 2]; expected equal ones");
  BOOST_TEST(error_text([&] {
               avg_pool2d_input(x, {1, 1, 4, 4}, 2);
             }) == "avg_pool2d_input: dy has shape [1, 1, 4, 4]; expected [1, 1, 2, 2]");
}

BOOST_AUTO_TEST_SUITE_END()
