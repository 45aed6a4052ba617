#include <boost/test/unit_test.hpp>
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

using Function = std::function<Tensor(const tensor_list&)>;

/// The gradients of y = f(x) by the kernels and by the written formulas agree.
void check_formula(const tensor_list& x, const Function& f) {
  Tensor y = f(x), dy = randn(y.sizes(), {.dtype = float64});
  tensor_list fast = grad({y}, x, {dy}, {.retain_graph = true});
  FormulaGuard formulas;
  tensor_list written = grad({y}, x, {dy});
  for (size_t i = 0; i < x.size(); ++i) BOOST_TEST(max_difference(fast[i], written[i]) < 1e-12);
}

Tensor leaf(IntList sizes) { return randn(sizes, {.dtype = float64, .requires_grad = true}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(norm)

BOOST_AUTO_TEST_CASE(formulas_equal_the_kernels) {
  manual_seed(4);
  std::mt19937 random(4);
  auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int i = 0; i < 30; ++i) BOOST_TEST_CONTEXT("case " << i) {
      Shape sizes{draw(2, 9), draw(1, 70)};
      for (int64_t d = draw(0, 2); d > 0; --d) sizes.push_back(draw(1, 5));
      tensor_list x{leaf(sizes), leaf(sizes[1]), leaf(sizes[1])};
      Tensor mean = randn(sizes[1], {.dtype = float64}), var = rand(sizes[1], {.dtype = float64});
      for (bool training : {true, false})
        check_formula(x, [&](const tensor_list& t) {
          return batch_norm(t[0], t[1], t[2], mean.clone(), var.clone(), training);
        });
      tensor_list rows{x[0], leaf(sizes.back()), leaf(sizes.back())};
      check_formula(rows, [&](const tensor_list& t) {
        return layer_norm(t[0], sizes.back(), t[1], t[2], 0.01);
      });
    }
}

BOOST_AUTO_TEST_CASE(third_order_holds) {
  Tensor x = leaf({3, 2}), w = leaf({2}), b = leaf({2});
  auto slope = [&](const Tensor& x, const Tensor& w) {
    Tensor y = batch_norm(x, w, b, {}, {}, true);
    return grad({(y * y * y).sum()}, {x}, {}, {.create_graph = true})[0];
  };
  BOOST_TEST(gradcheck(slope, {x, w}, {.order = 2}).ok());
}

BOOST_AUTO_TEST_CASE(second_order_holds_on_strided_inputs) {
  Tensor x = leaf({4, 3}), w = leaf({4}), b = leaf({4});
  auto layer = [&](const Tensor& x, const Tensor& w) { return layer_norm(x.t(), 4, w, b); };
  auto batch = [&](const Tensor& x, const Tensor& w) {
    return batch_norm(x.t(), w, b, {}, {}, true);
  };
  BOOST_TEST(gradcheck(layer, {x, w}, {.order = 2}).ok());
  BOOST_TEST(gradcheck(batch, {x, w}, {.order = 2}).ok());
}

BOOST_AUTO_TEST_CASE(one_input_may_depend_on_another) {
  Tensor x = leaf({3, 4});
  auto f = [](const Tensor& x) { return layer_norm(x, 4, x.select(0, 1) * 2, x.sum(0)); };
  BOOST_TEST(gradcheck(f, {x}, {.order = 2}).ok());
}

BOOST_AUTO_TEST_CASE(a_large_mean_does_not_drown_the_spread) {
  Tensor x = rand({64, 32}) + 10000, exact = x.to(float64);
  BOOST_TEST(max_difference(layer_norm(x, 32).to(float64), layer_norm(exact, 32)) < 1e-2);
  Tensor y = batch_norm(x, {}, {}, {}, {}, true);
  BOOST_TEST(max_difference(y.to(float64), batch_norm(exact, {}, {}, {}, {}, true)) < 1e-2);
}

BOOST_AUTO_TEST_CASE(training_moves_the_running_statistics_in_place) {
  Tensor mean = zeros({2}), var = ones({2}), same = mean;
  Tensor x = tensor({{1.0, 10.0}, {3.0, 30.0}}, {.requires_grad = true});
  Tensor y = batch_norm(x, {}, {}, mean, var, true, 0.5);
  BOOST_TEST(!mean.requires_grad());
  BOOST_TEST(mean.is_same(same));
  BOOST_TEST(mean.version() == 1);
  BOOST_TEST(mean[0].item<double>() == 1);
  BOOST_TEST(var[0].item<double>() == 1.5);  // (1 + 2) / 2: unbiased
  BOOST_TEST(var[1].item<double>() == 100.5);
  Tensor again = batch_norm(x, {}, {}, mean, var, true, 0.5);
  (y + again).sum().backward();  // what backward needs was not overwritten
  BOOST_TEST(x.grad().defined());
  NoGradGuard no_grad;
  batch_norm(x, {}, {}, mean, var, false);
  BOOST_TEST(mean.version() == 2);
}

BOOST_AUTO_TEST_CASE(views_of_a_larger_buffer_serve_as_running_statistics) {
  Tensor all = zeros({2, 2});
  Tensor mean = all.select(1, 0), var = all.select(1, 1);
  batch_norm(tensor({{1.0, 2.0}, {3.0, 6.0}}), {}, {}, mean, var, true, 1);
  BOOST_TEST(all[0][0].item<double>() == 2);
  BOOST_TEST(all[1][0].item<double>() == 4);
  BOOST_TEST(all[0][1].item<double>() == 2);
  BOOST_TEST(all[1][1].item<double>() == 8);
}

BOOST_AUTO_TEST_CASE(no_samples_give_none) {
  Tensor mean = zeros({3}), var = ones({3});
  BOOST_TEST(batch_norm(empty({0, 3, 2}), {}, {}, mean, var, true).sizes() == IntList({0, 3, 2}));
  BOOST_TEST(var.eq(1).all().item<bool>());
  Tensor x = zeros({0, 3}, {.requires_grad = true});
  batch_norm(x, {}, {}, mean, var, false).sum().backward();
  BOOST_TEST(x.grad().sizes() == IntList({0, 3}));
}

BOOST_AUTO_TEST_CASE(batch_norm_refuses) {
  Tensor x = zeros({2, 3}), c = zeros({3});
  auto text = [&](const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& mean,
                  const Tensor& var, bool training) {
    return error_text([&] { batch_norm(x, w, b, mean, var, training); });
  };
  BOOST_TEST(text(zeros({3}), {}, {}, {}, {}, true) ==
             "batch_norm: input has shape [3]; expected [N, C, ..]");
  BOOST_TEST(text(zeros({2, 3}, {.dtype = int64}), {}, {}, {}, {}, true) ==
             "batch_norm: the input is int64; expected a floating type");
  BOOST_TEST(text(x, zeros({2}), {}, {}, {}, true) ==
             "batch_norm: weight has shape [2]; expected [3]");
  BOOST_TEST(text(x, c, zeros({3}, {.dtype = float64}), {}, {}, true) ==
             "batch_norm: bias is float64, the input float32; expected one type");
  BOOST_TEST(text(x, {}, {}, zeros({4}), c, false) ==
             "batch_norm: running_mean has shape [4]; expected [3]");
  BOOST_TEST(text(x, {}, {}, c, {}, true) ==
             "batch_norm: running_mean is given without running_var; expected both");
  BOOST_TEST(text(x, {}, {}, {}, {}, false) ==
             "batch_norm: running_mean and running_var are undefined; expected both outside of "
             "training");
  BOOST_TEST(text(zeros({1, 3}), {}, {}, {}, {}, true) ==
             "batch_norm: input of shape [1, 3] has 1 value a channel; expected more in training");
  BOOST_TEST(error_text([&] {
               batch_norm_backward(c, x, {}, zeros({2, 3}));
             }) ==
             "batch_norm_backward: dy is float32 of shape [3]; expected the input's float32 of "
             "shape [2, 3]");
  BOOST_TEST(error_text([&] { batch_norm_backward(x, x, {}, c); }) ==
             "batch_norm_backward: stats has shape [3]; expected [2, 3]");
  BOOST_TEST(error_text([&] { batch_norm_backward(x, x, {}, {}); }) ==
             "batch_norm_backward: stats is undefined; expected those of batch_norm");
}

BOOST_AUTO_TEST_CASE(layer_norm_refuses) {
  Tensor x = zeros({2, 3});
  BOOST_TEST(error_text([&] { layer_norm(x, {}); }) ==
             "layer_norm: normalized_shape is []; expected at least one dimension");
  BOOST_TEST(error_text([&] { layer_norm(x, 2); }) ==
             "layer_norm: input has shape [2, 3]; expected one that ends in [2]");
  BOOST_TEST(error_text([&] {
               layer_norm(x, {1, 2, 3});
             }) == "layer_norm: input has shape [2, 3]; expected one that ends in [1, 2, 3]");
  BOOST_TEST(error_text([&] { layer_norm(x.to(int64), 3); }) ==
             "layer_norm: the input is int64; expected a floating type");
  BOOST_TEST(error_text([&] { layer_norm(x, 3, zeros({2})); }) ==
             "layer_norm: weight has shape [2]; expected [3]");
  BOOST_TEST(error_text([&] { layer_norm(x, 3, {}, zeros({3}, {.dtype = float64})); }) ==
             "layer_norm: bias is float64, the input float32; expected one type");
  BOOST_TEST(error_text([&] { layer_norm_backward(x, x, 3, {}, {}); }) ==
             "layer_norm_backward: stats is undefined; expected those of layer_norm");
}

BOOST_AUTO_TEST_CASE(one_infinity_in_evaluation_stays_alone) {
  Tensor x = ones({2, 1, 2}, {.dtype = float64, .requires_grad = true});
  Tensor mean = zeros({1}, {.dtype = float64}), var = ones({1}, {.dtype = float64});
  Tensor dy = tensor({{{INFINITY, 1.0}}, {{1.0, 1.0}}}, {.dtype = float64});
  Tensor dx = grad({batch_norm(x, {}, {}, mean, var, false)}, {x}, {dy})[0];
  BOOST_TEST(std::isinf(dx[0][0][0].item<double>()));
  BOOST_TEST(std::isfinite(dx[0][0][1].item<double>()));
}

BOOST_AUTO_TEST_CASE(statistics_of_empty_channels) {
  Tensor x = zeros({2, 3, 0, 4}, {.dtype = float64, .requires_grad = true});
  Tensor w = ones({3}, {.dtype = float64, .requires_grad = true});
  Tensor y = batch_norm(x, w, {}, {}, {}, true);
  BOOST_TEST(max_difference(grad({y}, {w}, {zeros_like(y)})[0], zeros_like(w)) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
