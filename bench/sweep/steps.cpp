#include "bench/sweep/step.h"

#include <taper.h>

using namespace taper;

namespace bench {

namespace {

using Call = std::function<void()>;

/// Forward and backward of y = f(x) for a dy of y's shape.
template <class F>
Call both_ways(IntList sizes, const F& f) {
  Tensor x = rand(sizes, {.requires_grad = true}), dy = ones_like(f(x).detach());
  return [=] {
    x.mutable_grad() = Tensor();
    f(x).backward(dy);
  };
}

/// The same with the gradients of a layer's parameters.
template <class Layer>
Call both_ways_of(const Layer& layer, IntList sizes) {
  return both_ways(sizes, [=](const Tensor& x) {
    layer.zero_grad();
    return layer(x);
  });
}

nn::Conv2d conv(int64_t channels) {
  return nn::Conv2d(
      {.in_channels = channels, .out_channels = channels, .kernel_size = 3, .padding = 1});
}

Call linear_step(int64_t width) {
  nn::Sequential net(nn::Linear({.in_features = width, .out_features = width}), nn::ReLU());
  return both_ways_of(net, {32, width});
}

Call lstm_step(int64_t width) {
  nn::LSTM net({.input_size = 32, .hidden_size = width});
  return both_ways({4, 16, 32}, [=](const Tensor& x) {
    net.zero_grad();
    return std::get<0>(net(x));
  });
}

Call adam_step(int64_t width) {
  Tensor x = rand({64, width}, {.requires_grad = true});
  x.mutable_grad() = ones({64, width});
  auto adam = std::make_shared<optim::Adam>(tensor_list{x});
  return [=] { adam->step(); };
}

}  // namespace

std::vector<Step> sweep_steps() {
  auto chain = [](const Tensor& x) { return (gelu(x) * x + x).tanh(); };
  auto sums = [](const Tensor& x) { return x.sum(0) + x.sum(1).sum(); };
  auto classes = [](const Tensor& x) { return softmax(x, 1); };
  auto pool = [](const Tensor& x) { return max_pool2d(x, 2); };
  return {
      {"linear", 4096, linear_step},
      {"pointwise", 4096,
       [=](int64_t w) {
         return both_ways({64, w}, chain);
       }},
      {"sum", 4096,
       [=](int64_t w) {
         return both_ways({64, w}, sums);
       }},
      {"softmax", 4096,
       [=](int64_t w) {
         return both_ways({64, w}, classes);
       }},
      {"layer_norm", 4096,
       [](int64_t w) {
         return both_ways_of(nn::LayerNorm({.normalized_shape = {w}}), {64, w});
       }},
      {"batch_norm", 4096,
       [](int64_t w) {
         return both_ways_of(nn::BatchNorm2d({.num_features = w}), {16, w, 4, 4});
       }},
      {"conv_pixels", 4096,
       [](int64_t w) {
         return both_ways_of(conv(8), {4, 8, 8, w});
       }},
      {"conv_channels", 512,
       [](int64_t w) {
         return both_ways_of(conv(w), {4, w, 8, 8});
       }},
      {"max_pool", 4096,
       [=](int64_t w) {
         return both_ways({4, 8, 8, w}, pool);
       }},
      {"lstm", 1024, lstm_step},
      {"adam", 4096, adam_step},
  };
}

}  // namespace bench
