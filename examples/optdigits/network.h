#pragma once

#include "autograd/tensor/factories.h"
#include "nn/init/init.h"
#include "nn/layers/conv.h"
#include "nn/layers/linear.h"

/// The report's network: convolution, pooling and two dense layers on 8x8 images.
struct ReportNet : taper::nn::Layer<ReportNet> {
  taper::nn::Conv2d conv = register_module(
      "conv",
      taper::nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3, .padding = 1}));
  taper::nn::Dense hidden =
      register_module("hidden", taper::nn::Dense({.in_features = 64, .out_features = 32}));
  taper::nn::Dense out =
      register_module("out", taper::nn::Dense({.in_features = 32, .out_features = 10}));

  /// x: [N, 1, 8, 8]; returns logits [N, 10]
  taper::Tensor forward(const taper::Tensor& x) {
    return out(relu(hidden(max_pool2d(relu(conv(x)), 2).flatten(1))));
  }

  /// The report's initial values, in its order: all weights from U(-0.5, 0.5), the convolution's
  /// bias 0.
  void draw() const {
    taper::nn::init::uniform_(conv.weight, -0.5, 0.5);
    hidden.reset_parameters();
    out.reset_parameters();
    taper::nn::init::zeros_(conv.bias);
  }
};

/// Logistic regression on the pixels.
struct Logistic : taper::nn::Layer<Logistic> {
  taper::nn::Dense out =
      register_module("out", taper::nn::Dense({.in_features = 64, .out_features = 10}));

  taper::Tensor forward(const taper::Tensor& x) { return out(x.flatten(1)); }
  void draw() const { out.reset_parameters(); }
};

/// One hidden layer on the pixels.
struct Mlp : taper::nn::Layer<Mlp> {
  taper::nn::Dense hidden =
      register_module("hidden", taper::nn::Dense({.in_features = 64, .out_features = 64}));
  taper::nn::Dense out =
      register_module("out", taper::nn::Dense({.in_features = 64, .out_features = 10}));

  taper::Tensor forward(const taper::Tensor& x) { return out(relu(hidden(x.flatten(1)))); }
  void draw() const {
    hidden.reset_parameters();
    out.reset_parameters();
  }
};
