// A network, trained on the handwritten digits.
#include <taper.h>

#include <cstdlib>

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

/// data::optdigits() fetches, checks and caches; where no source has the files this program is
/// skipped.
data::Digits digits() try { return data::optdigits(); } catch (const Error& error) {
  fmt::print("skipped: {}\n", error.what());
  std::exit(77);
}

int main() {
  manual_seed(0);
  Net net;
  fmt::print("{}\n", net);  // the layers as a tree, with parameter counts
  auto [train, test] = digits();
  data::DataLoader batches(train, {.batch_size = 64, .shuffle = true});
  optim::SGD sgd(net.parameters(), {.lr = 0.2});
  for (int epoch = 0; epoch < 30; ++epoch)
    for (auto [images, labels] : batches) {
      sgd.zero_grad();
      cross_entropy(net(images), labels).backward();
      sgd.step();
    }
  NoGradGuard no_grad;
  fmt::print("{:.2f} %\n", 100 * metrics::accuracy(net(test.images()), test.labels()));
  nn::save(net, "digits.safetensors");
}
