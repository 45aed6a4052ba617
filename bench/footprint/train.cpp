// A model defined and trained: what ./run bench footprint compiles.
#include <taper.h>
using namespace taper;

struct Net : nn::Layer<Net> {
  nn::Conv2d conv = register_module(
      "conv", nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3, .padding = 1}));
  nn::Dense hidden = register_module("hidden", nn::Dense({.in_features = 64, .out_features = 32}));
  nn::Dense out = register_module("out", nn::Dense({.in_features = 32, .out_features = 10}));
  Tensor forward(const Tensor& x) {
    return out(relu(hidden(max_pool2d(relu(conv(x)), 2).flatten(1))));
  }
};

int main() {
  manual_seed(0);
  Net net;
  fmt::print("{}\n", net);
  Tensor images = rand({64, 1, 8, 8});
  Tensor labels = randint(0, 10, {64}, {.dtype = int64});
  optim::SGD sgd(net.parameters(), {.lr = 0.2});
  for (int step = 0; step < 100; ++step) {
    sgd.zero_grad();
    Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    sgd.step();
    if (step % 10 == 0) fmt::print("step {:3}  loss {:.4f}\n", step, loss.item<double>());
  }
  NoGradGuard no_grad;
  fmt::print("accuracy {:.2f} %\n", 100 * metrics::accuracy(net(images), labels));
  nn::save(net, "train.safetensors");
}
