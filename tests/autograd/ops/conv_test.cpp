#include <boost/test/unit_test.hpp>
#include <random>

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"
#include "tests/support/options.h"

using namespace taper;
using namespace taper::test;

namespace {

struct Case {
  Shape x, w;
  ConvOptions options;
  bool bias;
};

/// A convolution with at least one window: strides 1-3, paddings 0-2, dilations 1-2, kernels that
/// are not square.
Case random_case(std::mt19937& random) {
  auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  Case c;
  int64_t groups = draw(1, 3);
  c.options.groups = groups;
  c.options.stride = {draw(1, 3), draw(1, 3)};
  c.options.padding = {draw(0, 2), draw(0, 2)};
  c.options.dilation = {draw(1, 2), draw(1, 2)};
  c.w = {groups * draw(1, 2), draw(1, 2), draw(1, 3), draw(1, 3)};
  auto size = [&](int64_t kernel, int64_t dilation, int64_t padding) {
    int64_t least = dilation * (kernel - 1) + 1 - 2 * padding;
    return std::max<int64_t>(least, 1) + draw(0, 5);
  };
  const ConvOptions& o = c.options;
  c.x = {draw(1, 2), groups * c.w[1], size(c.w[2], o.dilation.h, o.padding.h),
         size(c.w[3], o.dilation.w, o.padding.w)};
  c.bias = draw(0, 1) == 1;
  return c;
}

tensor_list inputs_of(const Case& c) {
  tensor_list out{randn(c.x, leaf), randn(c.w, leaf)};
  if (c.bias) out.push_back(randn(c.w[0], leaf));
  return out;
}

Tensor run(const Case& c, const tensor_list& in) {
  return conv2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), c.options);
}

std::string describe(const Case& c) {
  const ConvOptions& o = c.options;
  return "x " + to_string(c.x) + ", w " + to_string(c.w) + ", stride " +
         to_string({o.stride.h, o.stride.w}) + ", padding " +
         to_string({o.padding.h, o.padding.w}) + ", dilation " +
         to_string({o.dilation.h, o.dilation.w}) + ", groups " + std::to_string(o.groups);
}

double dot_of(const Tensor& a, const Tensor& b) { return (a * b).sum().item<double>(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(conv)

BOOST_AUTO_TEST_CASE(formulas_equal_the_kernels) {
  manual_seed(3);
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    Case c = random_case(random);
    tensor_list in = inputs_of(c);
    Tensor y = run(c, in), dy = randn(y.sizes(), {.dtype = float64});
    tensor_list fast = grad({y}, in, {dy}, {.retain_graph = true});
    FormulaGuard formulas;
    tensor_list written = grad({y}, in, {dy});
    for (size_t k = 0; k < in.size(); ++k)
      BOOST_TEST(max_difference(fast[k], written[k]) < 1e-12,
                 "input " << k << " of " << describe(c));
  }
}

BOOST_AUTO_TEST_CASE(gradients_are_the_adjoints) {
  manual_seed(4);
  std::mt19937 random(4);
  NoGradGuard no_grad;
  for (int i = 0; i < 100; ++i) {
    Case c = random_case(random);
    c.bias = false;
    tensor_list in = inputs_of(c);
    Tensor y = run(c, in), dy = randn(y.sizes(), {.dtype = float64});
    double product = dot_of(y, dy);
    BOOST_TEST(std::abs(dot_of(in[0], conv2d_input(dy, in[1], c.x, c.options)) - product) < 1e-11,
               describe(c));
    BOOST_TEST(std::abs(dot_of(in[1], conv2d_weight(dy, in[0], c.w, c.options)) - product) < 1e-11,
               describe(c));
  }
}

BOOST_AUTO_TEST_CASE(formulas_hold_to_finite_differences) {
  manual_seed(5);
  std::mt19937 random(5);
  FormulaGuard formulas;
  for (int i = 0; i < 12; ++i) {
    Case c = random_case(random);
    auto report = gradcheck([&](const tensor_list& in) { return run(c, in); }, inputs_of(c),
                            {.order = i < 4 ? 2 : 1});
    BOOST_TEST(report.ok(), describe(c) << '\n' << to_string(report));
  }
}

BOOST_AUTO_TEST_CASE(the_last_row_that_no_window_reached) {
  // H = 8, K = 3, s = 2, p = 1: without the appended zeros, equation 5 gives 7 rows.
  Tensor x = ones({1, 1, 8, 8}, {.dtype = float64, .requires_grad = true});
  Tensor w = ones({1, 1, 3, 3}, {.dtype = float64});
  FormulaGuard formulas;
  Tensor dx = grad({conv2d(x, w, {}, {.stride = 2, .padding = 1}).sum()}, {x})[0];
  BOOST_TEST((dx.sizes() == IntList({1, 1, 8, 8})));
  BOOST_TEST(dx.flatten()[63].item<double>() == 1);
  Tensor cut = grad({conv2d(x, w, {}, {.stride = 4}).sum()}, {x})[0];
  BOOST_TEST(cut.flatten()[63].item<double>() == 0);
}

BOOST_AUTO_TEST_CASE(ways_to_call_it) {
  manual_seed(6);
  Tensor x = randn({2, 4, 7, 6}), w = randn({6, 2, 3, 2}), b = randn({6});
  Tensor y = conv2d(x, w, b, {.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .groups = 2});
  BOOST_TEST(max_difference(y, conv2d(x, w, b, {2, 1}, 1, {1, 2}, 2)) == 0);
  BOOST_TEST((conv2d(x, w, b, 2, {1, 0}, 1, 2).sizes() == IntList({2, 6, 4, 3})));
  BOOST_TEST((conv2d(x, w, {}, {2, 2}, 0, 1, 2).sizes() == IntList({2, 6, 3, 3})));
  size_t groups = 2;
  BOOST_TEST((conv2d(x, w, {}, {.groups = groups}).sizes() == IntList({2, 6, 5, 5})));
  Tensor single =
      conv2d(x[1], w, b, {.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .groups = 2});
  BOOST_TEST(max_difference(single, y[1]) == 0);
}

BOOST_AUTO_TEST_CASE(strided_inputs_and_float32) {
  manual_seed(7);
  Tensor x = randn({2, 3, 5, 6}, {.dtype = float64}), w = randn({2, 3, 3, 2}, {.dtype = float64});
  Tensor y = conv2d(x, w, {}, {.padding = 1});
  Tensor strided_x = x.transpose(1, 3).contiguous().transpose(1, 3);
  Tensor strided_w = w.permute({3, 2, 1, 0}).contiguous().permute({3, 2, 1, 0});
  BOOST_TEST(!strided_x.is_contiguous());
  BOOST_TEST(max_difference(conv2d(strided_x, strided_w, {}, {.padding = 1}), y) == 0);
  Tensor single = conv2d(x.to(float32), w.to(float32), {}, {.padding = 1});
  BOOST_TEST((single.dtype() == float32));
  BOOST_TEST(max_difference(single.to(float64), y) < 1e-5);
}

BOOST_AUTO_TEST_CASE(only_what_is_needed_is_kept) {
  Tensor x = randn({1, 1, 4, 4}), w = randn({1, 1, 3, 3}, {.requires_grad = true});
  conv2d(x, w).sum().backward();
  BOOST_TEST(w.grad().defined());
  BOOST_TEST(!x.grad().defined());
  Tensor y = conv2d(x, w);
  w.data().fill_(0);  // the gradient of w reads x alone
  {
    NoGradGuard no_grad;
    w.fill_(1);
  }
  y.sum().backward();
}

BOOST_AUTO_TEST_CASE(errors_of_channels_and_shapes) {
  Tensor x = ones({2, 3, 5, 5}), w = ones({8, 1, 3, 3});
  BOOST_TEST(error_text([&] { conv2d(x, w); }) ==
             "conv2d: input has 3 channels, weight [8, 1, 3, 3] expects 1");
  BOOST_TEST(error_text([&] { conv2d(x, w, {}, {.groups = 2}); }) ==
             "conv2d: input has 3 channels, weight [8, 1, 3, 3] with 2 groups expects 2");
  BOOST_TEST(error_text([&] { conv2d(x, w, {}, {.groups = 3}); }) ==
             "conv2d: weight [8, 1, 3, 3] has 8 output channels; expected a multiple of 3 groups");
  BOOST_TEST(error_text([&] { conv2d(x, w, {}, {.groups = 0}); }) ==
             "conv2d: groups is 0; expected 1 or more");
  w = ones({4, 3, 3, 3});
  BOOST_TEST(error_text([&] {
               conv2d(ones({3, 5}), w);
             }) == "conv2d: input has shape [3, 5]; expected [N, C, H, W] or [C, H, W]");
  BOOST_TEST(error_text([&] {
               conv2d(x, ones({4, 3}));
             }) == "conv2d: weight has shape [4, 3]; expected [out, in / groups, height, width]");
  BOOST_TEST(
      error_text([&] {
        conv2d(x, ones({4, 3, 0, 3}));
      }) ==
      "conv2d: weight [4, 3, 0, 3] has an empty kernel; expected height and width of 1 or more");
}

BOOST_AUTO_TEST_CASE(errors_of_options) {
  Tensor x = ones({2, 3, 5, 5}), w = ones({4, 3, 3, 3});
  BOOST_TEST(
      error_text([&] { conv2d(x, w, {}, {.dilation = 3}); }) ==
      "conv2d: the kernel reaches over [7, 7], the padded input has [5, 5]; expected no more");
  BOOST_TEST(error_text([&] {
               conv2d(x, w, {}, {.stride = {1, 0}});
             }) == "conv2d: stride is [1, 0]; expected 1 to 2147483647");
  BOOST_TEST(error_text([&] { conv2d(x, w, {}, {.padding = -1}); }) ==
             "conv2d: padding is [-1, -1]; expected 0 to 2147483647");
  BOOST_TEST(error_text([&] {
               conv2d(x, w, {}, {.dilation = {int64_t(1) << 40, 1}});
             }) == "conv2d: dilation is [1099511627776, 1]; expected 1 to 2147483647");
  BOOST_TEST(error_text([&] { conv2d(x, w, {}, {.padding = 2147483647}); }) ==
             "conv2d: an output of [4294967297, 4294967297] pixels is too large; expected fewer "
             "than 2^50 elements");
}

BOOST_AUTO_TEST_CASE(errors_of_bias_and_types) {
  Tensor x = ones({2, 3, 5, 5}), w = ones({4, 3, 3, 3});
  BOOST_TEST(error_text([&] { conv2d(x, w, ones({3})); }) ==
             "conv2d: bias has shape [3]; expected [4]");
  BOOST_TEST(error_text([&] { conv2d(x, w.to(float64)); }) ==
             "conv2d: input is float32, weight float64; expected one floating type");
  BOOST_TEST(error_text([&] { conv2d(x, w, ones({4}, {.dtype = int64})); }) ==
             "conv2d: input is float32, bias int64; expected one floating type");
  BOOST_TEST(error_text([&] { conv2d(x.to(int64), w.to(int64)); }) ==
             "conv2d: input is int64, weight int64; expected one floating type");
}

BOOST_AUTO_TEST_CASE(error_texts_of_the_gradients) {
  Tensor w = ones({4, 3, 3, 3}), dy = ones({2, 4, 3, 3});
  BOOST_TEST(error_text([&] {
               conv2d_input(dy, w, {2, 3, 6, 5});
             }) == "conv2d_input: dy has shape [2, 4, 3, 3]; expected [2, 4, 4, 3]");
  BOOST_TEST(error_text([&] {
               conv2d_input(dy, w.to(float64), {2, 3, 5, 5});
             }) == "conv2d_input: dy is float32, weight float64; expected one floating type");
  BOOST_TEST(
      error_text([&] {
        conv2d_weight(dy, ones({2, 3, 5, 5}), {4, 3, 3});
      }) ==
      "conv2d_weight: weight has shape [4, 3, 3]; expected [out, in / groups, height, width]");
  BOOST_TEST(error_text([&] {
               conv2d_weight(dy, ones({3, 3, 5, 5}), {4, 3, 3, 3});
             }) == "conv2d_weight: dy has shape [2, 4, 3, 3]; expected [3, 4, 3, 3]");
}

/// y of 16 channels in and out, whose weight has a copy in another layout.
struct Layer {
  Tensor x = randn({2, 16, 9, 9}), w = randn({16, 16, 3, 3});

  Tensor y() const { return conv2d(x, w, {}, {.padding = 1}); }
  /// Whether y is what a weight that nothing was kept of gives.
  bool is_up_to_date() const {
    return max_difference(y(), conv2d(x, w.clone(), {}, {.padding = 1})) == 0;
  }
};

BOOST_AUTO_TEST_CASE(every_change_of_a_weight_is_seen) {
  NoGradGuard no_grad;
  Layer a;
  Tensor before = a.y();
  a.w.mul_(2);
  BOOST_TEST(a.is_up_to_date());
  BOOST_TEST(max_difference(a.y(), before) > 0);
  a.w.view({-1})[5].add_(1);
  BOOST_TEST(a.is_up_to_date());
  a.w[3].zero_();
  BOOST_TEST(a.is_up_to_date());
  a.w.set_data(randn({16, 16, 3, 3}));
  BOOST_TEST(a.is_up_to_date());
  a.w.data().add_(1);  // writes that are not counted
  BOOST_TEST(a.is_up_to_date());
  a.w.data().add_(1);
  BOOST_TEST(a.is_up_to_date());
}

BOOST_AUTO_TEST_CASE(writes_through_a_pointer_are_seen) {
  NoGradGuard no_grad;
  Layer a, b;
  a.y();
  b.y();
  float* data = a.w.data_ptr<float>();
  auto values = b.w.accessor<float, 4>();
  for (int i = 0; i < 3; ++i) {
    data[7] += 1;
    values[1][2][0][1] += 1;
    BOOST_TEST(a.is_up_to_date());
    BOOST_TEST(b.is_up_to_date());
  }
}

BOOST_AUTO_TEST_CASE(weights_in_one_storage_are_told_apart) {
  NoGradGuard no_grad;
  Layer a;
  Tensor both = randn({2, 16, 16, 3, 3});
  for (int i = 0; i < 4; ++i) {
    a.w = both[i % 2];
    BOOST_TEST(a.is_up_to_date());
  }
}

BOOST_AUTO_TEST_SUITE_END()
