// Parameters: their names, initial values, copies, and files.
#include <taper.h>
using namespace taper;

struct Net : nn::Layer<Net> {
  nn::Conv2d conv = register_module(
      "conv", nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3, .padding = 1}));
  nn::Dense out = register_module("out", nn::Dense({.in_features = 64, .out_features = 10}));
  Tensor forward(const Tensor& x) { return out(max_pool2d(relu(conv(x)), 2).flatten(1)); }
};

void describe(const nn::Module& m) {
  fmt::print("{} has {} parameters\n", m.name(), m.parameters().size());
}

int main() {
  Net net;
  describe(net);
  for (auto& [name, p] : net.named_parameters())
    fmt::print("{} {}\n", name, p.sizes());  // conv.weight [4, 1, 3, 3] ...
  nn::init::uniform_(net.conv.weight, -0.5, 0.5);
  nn::save(net, "parameters.safetensors");

  Net same = net;         // the same parameters
  Net own = net.clone();  // its own
  nn::init::zeros_(same.conv.weight);
  fmt::print("{} {}\n", net.conv.weight.abs().sum().item<double>(),
             own.conv.weight.abs().sum().item<double>() > 0);

  nn::init::zeros_(own.out.weight);
  nn::load(own, "parameters.safetensors");  // says what is missing, unexpected, of another shape
  fmt::print("{}\n", own.out.weight.eq(net.out.weight).all().item<bool>());
}
