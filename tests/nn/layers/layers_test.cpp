#include <taper.h>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "tests/golden/golden.h"
#include "tests/support/error_text.h"

namespace {

using namespace taper;
using taper::test::error_text;

/// Compares the parameters, one after the other, with what PyTorch's layer of that name draws.
void check_draws(const char* name, const nn::Module& layer) {
  static const golden::json file = golden::read("nn.json");
  auto expected = file["init"][name].get<std::vector<double>>();
  size_t at = 0;
  for (const Tensor& p : layer.parameters())
    for (int64_t i = 0; i < p.numel(); ++i)
      BOOST_TEST(golden::close(p.data_ptr<float>()[i], expected.at(at++), 1e-7), name);
  BOOST_TEST(at == expected.size());
}

bool equal(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && a.ne(b).sum().item<int64_t>() == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layers)

BOOST_AUTO_TEST_CASE(draw_pytorchs_initial_values) {
  manual_seed(0);
  check_draws("linear", nn::Linear({.in_features = 3, .out_features = 4}));
  manual_seed(1);
  check_draws("linear_no_bias", nn::Linear({.in_features = 5, .out_features = 2, .bias = false}));
  manual_seed(2);
  check_draws(
      "conv2d",
      nn::Conv2d({.in_channels = 4, .out_channels = 6, .kernel_size = {3, 2}, .groups = 2}));
}

BOOST_AUTO_TEST_CASE(dense_is_drawn_from_the_reports_range) {
  manual_seed(7);
  nn::Dense dense({.in_features = 8, .out_features = 5});
  manual_seed(7);
  BOOST_TEST(equal(dense.weight, rand({9, 5}) - 0.5));
}

BOOST_AUTO_TEST_CASE(run_their_ops) {
  Tensor image = randn({2, 4, 6, 6});
  nn::Conv2d conv({.in_channels = 4,
                   .out_channels = 6,
                   .kernel_size = 3,
                   .stride = 2,
                   .padding = 1,
                   .dilation = 2,
                   .groups = 2});
  BOOST_TEST(equal(conv(image), conv2d(image, conv.weight, conv.bias,
                                       {.stride = 2, .padding = 1, .dilation = 2, .groups = 2})));
  nn::Conv2D bare({.in_channels = 4, .out_channels = 1, .kernel_size = 1, .bias = false});
  BOOST_TEST(!bare.bias.defined());
  BOOST_TEST(equal(bare(image), conv2d(image, bare.weight)));
  BOOST_TEST(equal(nn::MaxPool2d({.kernel_size = 2})(image), max_pool2d(image, 2)));
  BOOST_TEST(equal(nn::MaxPool2D({.kernel_size = {3, 2}, .stride = 1})(image),
                   max_pool2d(image, {3, 2}, 1)));
  BOOST_TEST(equal(nn::AvgPool2d({.kernel_size = 3, .stride = 2})(image), avg_pool2d(image, 3, 2)));
  BOOST_TEST(equal(
      nn::MaxPool2d(
          {.kernel_size = 3, .stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true})(image),
      max_pool2d(image, 3, 2, 1, 2, true)));
  BOOST_TEST(equal(nn::AvgPool2d({.kernel_size = 3,
                                  .padding = 1,
                                  .ceil_mode = true,
                                  .count_include_pad = false,
                                  .divisor_override = 5})(image),
                   avg_pool2d(image, 3, {}, 1, true, false, 5)));
  BOOST_TEST(nn::Flatten()(image).sizes() == IntList({2, 144}));
  BOOST_TEST(nn::Flatten({.start_dim = 2, .end_dim = 3})(image).sizes() == IntList({2, 4, 36}));

  Tensor x = randn({3, 5});
  nn::Linear linear({.in_features = 5, .out_features = 2});
  BOOST_TEST(equal(linear(x), taper::linear(x, linear.weight, linear.bias)));
  nn::Dense dense({.in_features = 5, .out_features = 2});
  BOOST_TEST(equal(dense(x), taper::dense(x, dense.weight)));
  BOOST_TEST(equal(nn::ReLU()(x), relu(x)));
  BOOST_TEST(equal(nn::Sigmoid()(x), sigmoid(x)));
  BOOST_TEST(equal(nn::Tanh()(x), tanh(x)));
  BOOST_TEST(equal(nn::Softmax({.dim = 1})(x), softmax(x, 1)));
  Tensor y = x.clone();
  BOOST_TEST(nn::ReLU({.inplace = true})(y).is_same(y));
  BOOST_TEST(equal(y, relu(x)));
}

BOOST_AUTO_TEST_CASE(losses_run_their_ops) {
  Tensor logits = randn({4, 3}), labels = tensor({0, 2, 1, 1}), target = randn({4, 3});
  BOOST_TEST(equal(nn::CrossEntropyLoss()(logits, labels), cross_entropy(logits, labels)));
  BOOST_TEST(equal(nn::CrossEntropyLoss({.reduction = kSum})(logits, labels),
                   cross_entropy(logits, labels, {.reduction = kSum})));
  BOOST_TEST(equal(nn::MSELoss()(logits, target), mse_loss(logits, target)));
  BOOST_TEST(
      equal(nn::MSELoss({.reduction = kNone})(logits, target), mse_loss(logits, target, kNone)));
}

BOOST_AUTO_TEST_CASE(print_their_options) {
  auto text = [](const nn::Module& m) { return fmt::format("{}", m); };
  BOOST_TEST(
      text(nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3, .padding = 1})) ==
      "Conv2d(1, 4, kernel_size=3, padding=1)");
  BOOST_TEST(text(nn::Conv2d({.in_channels = 2,
                              .out_channels = 4,
                              .kernel_size = {3, 5},
                              .groups = 2,
                              .bias = false})) ==
             "Conv2d(2, 4, kernel_size=[3, 5], groups=2, bias=false)");
  BOOST_TEST(text(nn::Linear({.in_features = 64, .out_features = 10})) == "Linear(64, 10)");
  BOOST_TEST(text(nn::Dense({.in_features = 64, .out_features = 10})) == "Dense(64, 10)");
  BOOST_TEST(text(nn::MaxPool2d({.kernel_size = 2})) == "MaxPool2d(kernel_size=2)");
  BOOST_TEST(text(nn::AvgPool2d({.kernel_size = 3, .stride = {2, 1}})) ==
             "AvgPool2d(kernel_size=3, stride=[2, 1])");
  BOOST_TEST(text(nn::Softmax({.dim = 1})) == "Softmax(dim=1)");
  BOOST_TEST(text(nn::ReLU()) == "ReLU()");
  BOOST_TEST(text(nn::ReLU({.inplace = true})) == "ReLU(inplace=true)");
  BOOST_TEST(text(nn::Flatten()) == "Flatten()");
  BOOST_TEST(text(nn::MSELoss({.reduction = kSum})) == "MSELoss(reduction=sum)");
  BOOST_TEST(text(nn::CrossEntropyLoss({.weight = ones({3}), .label_smoothing = 0.5})) ==
             "CrossEntropyLoss(weight=[3], label_smoothing=0.5)");
}

BOOST_AUTO_TEST_CASE(refuse_options) {
  BOOST_TEST(error_text([] { nn::Linear({.in_features = 0, .out_features = 1}); }) ==
             "Linear: in_features is 0; expected 1 or more");
  BOOST_TEST(error_text([] { nn::Dense({.in_features = 1, .out_features = -2}); }) ==
             "Dense: out_features is -2; expected 1 or more");
  BOOST_TEST(error_text([] {
               nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = {3, 0}});
             }) == "Conv2d: kernel_size is 0; expected 1 or more");
  BOOST_TEST(error_text([] {
               nn::Conv2d({.in_channels = 3, .out_channels = 4, .kernel_size = 1, .groups = 2});
             }) == "Conv2d: 2 groups, 3 channels in and 4 out; expected a divisor of both");
  static_assert(!std::is_default_constructible_v<nn::LinearOptions>);
  static_assert(!std::is_default_constructible_v<nn::Conv2dOptions>);
}

BOOST_AUTO_TEST_CASE(options_compare) {
  nn::MaxPool2dOptions a{.kernel_size = 2}, b{.kernel_size = 2, .stride = 1};
  BOOST_TEST((a == a));
  BOOST_TEST(!(a == b));
}

BOOST_AUTO_TEST_CASE(options_are_shared_by_copies) {
  nn::BatchNorm2d norm({.num_features = 3}), copy = norm;
  nn::GELU gelu({.approximate = "tanh"}), same = gelu;
  copy.options.momentum = 0.3;
  same.options.approximate = "none";
  BOOST_TEST(norm.options.momentum.value() == 0.3);
  BOOST_TEST(gelu.options.approximate == "none");
}

BOOST_AUTO_TEST_SUITE_END()
