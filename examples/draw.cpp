// The graph, drawn.
#include <taper.h>
using namespace taper;

struct Net : nn::Layer<Net> {
  nn::Linear hidden = register_module("hidden", nn::Linear({.in_features = 4, .out_features = 8}));
  nn::Linear out = register_module("out", nn::Linear({.in_features = 8, .out_features = 3}));
  Tensor forward(const Tensor& x) { return out(tanh(hidden(x))); }
};

int main() {
  Net net;
  Tensor loss = cross_entropy(net(randn({5, 4})), randint(3, {5}));
  viz::draw(loss, "graph.svg", {.names = net});  // .dot .svg .png .pdf by the ending
  std::string dot = viz::to_dot(loss);
  fmt::print("{}", dot);
}
