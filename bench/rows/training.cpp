#include <taper.h>

#include "bench/rows/rows.h"

using namespace taper;

namespace bench {

namespace {

struct Digits : nn::Layer<Digits> {
  nn::Conv2d conv = register_module(
      "conv", nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3, .padding = 1}));
  nn::Linear hidden =
      register_module("hidden", nn::Linear({.in_features = 64, .out_features = 32}));
  nn::Linear out = register_module("out", nn::Linear({.in_features = 32, .out_features = 10}));
  Tensor forward(const Tensor& x) {
    return out(relu(hidden(max_pool2d(relu(conv(x)), 2).flatten(1))));
  }
};

nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return nn::Conv2d({.in_channels = in,
                     .out_channels = out,
                     .kernel_size = kernel,
                     .stride = stride,
                     .padding = kernel / 2,
                     .bias = false});
}

nn::BatchNorm2d norm(int64_t channels) { return nn::BatchNorm2d({.num_features = channels}); }

/// Two convolutions beside a way around them.
struct Block : nn::Layer<Block> {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d norm1, norm2;
  nn::Sequential skip;

  Block(int64_t in, int64_t out, int64_t stride)
      : conv1(register_module("conv1", conv(in, out, 3, stride))),
        conv2(register_module("conv2", conv(out, out, 3, 1))),
        norm1(register_module("norm1", norm(out))),
        norm2(register_module("norm2", norm(out))) {
    if (stride == 1 && in == out) return;
    register_module("skip", skip);
    skip.push_back(conv(in, out, 1, stride));
    skip.push_back(norm(out));
  }
  Tensor forward(const Tensor& x) {
    Tensor y = norm2(conv2(relu(norm1(conv1(x)))));
    return relu(y + (skip.size() ? skip(x) : x));
  }
};

nn::Sequential resnet18() {
  nn::Sequential net(conv(3, 64, 3, 1), norm(64), nn::ReLU());
  int64_t in = 64;
  for (int stage = 0; stage < 4; ++stage)
    for (int block = 0; block < 2; ++block) {
      int64_t out = 64 << stage;
      net.push_back(Block(in, out, stage && !block ? 2 : 1));
      in = out;
    }
  net.push_back(nn::AdaptiveAvgPool2d({.output_size = 1}));
  net.push_back(nn::Flatten());
  net.push_back(nn::Linear({.in_features = 512, .out_features = 10}));
  return net;
}

nn::Sequential mlp() {
  return nn::Sequential(nn::Linear({.in_features = 784, .out_features = 512}), nn::ReLU(),
                        nn::Linear({.in_features = 512, .out_features = 256}), nn::ReLU(),
                        nn::Linear({.in_features = 256, .out_features = 10}));
}

nn::Sequential fashion_cnn() {
  auto conv3 = [](int64_t in, int64_t out) {
    return nn::Conv2d({.in_channels = in, .out_channels = out, .kernel_size = 3, .padding = 1});
  };
  return nn::Sequential(conv3(1, 32), nn::ReLU(), nn::MaxPool2d({.kernel_size = 2}), conv3(32, 64),
                        nn::ReLU(), nn::MaxPool2d({.kernel_size = 2}), nn::Flatten(),
                        nn::Linear({.in_features = 3136, .out_features = 128}), nn::ReLU(),
                        nn::Linear({.in_features = 128, .out_features = 10}));
}

/// A training step: gradients cleared, forward, loss, backward, update.
template <class Net, class Optimizer>
double step_us(const Net& net, Optimizer& optimizer, IntList image) {
  Shape sizes(image);
  Tensor x = rand(sizes), y = randint(0, 10, {sizes[0]});
  return median_us([&] {
    optimizer.zero_grad();
    cross_entropy(net(x), y).backward();
    optimizer.step();
  });
}

double digits_step() {
  Digits net;
  optim::SGD sgd(net.parameters(), {.lr = 0.2});
  return step_us(net, sgd, {64, 1, 8, 8});
}

double digits_infer() {
  Digits net;
  NoGradGuard no_grad;
  Tensor x = rand({1, 1, 8, 8});
  return median_us([&] { net(x); });
}

double mlp_step() {
  nn::Sequential net = mlp();
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  return step_us(net, adam, {128, 784});
}

double resnet_step() {
  nn::Sequential net = resnet18();
  optim::SGD sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9, .weight_decay = 5e-4});
  return step_us(net, sgd, {16, 3, 32, 32});
}

double fashion_step() {
  nn::Sequential net = fashion_cnn();
  optim::Adam adam(net.parameters(), {.lr = 1e-3});
  return step_us(net, adam, {64, 1, 28, 28});
}

double double_backward() {
  nn::Sequential net(nn::Linear({.in_features = 64, .out_features = 128}), nn::Tanh(),
                     nn::Linear({.in_features = 128, .out_features = 1}));
  Tensor x = rand({64, 64}, {.requires_grad = true});
  return median_us([&] {
    net.zero_grad();
    Tensor g = grad({net(x).sum()}, {x}, {}, {.create_graph = true})[0];
    g.pow(2).sum().backward();
  });
}

}  // namespace

std::vector<Row> training_rows() {
  return {{"digits_cnn_step_b64", digits_step},       {"digits_cnn_infer_b1", digits_infer},
          {"mlp_784_512_256_10_adam_b128", mlp_step}, {"resnet18_cifar_sgd_b16", resnet_step},
          {"fashion_cnn_adam_b64", fashion_step},     {"double_backward_mlp", double_backward}};
}

}  // namespace bench
