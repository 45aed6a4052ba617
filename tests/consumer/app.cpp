#include <taper.h>
using namespace taper;

int main() {
  manual_seed(0);
  nn::Linear layer({.in_features = 3, .out_features = 2});
  Tensor loss = layer(rand({4, 3})).square().mean();
  loss.backward();
  viz::draw(loss, "graph.svg", {.names = layer});
  fmt::print("{}\n{}\n", loss.item<double>(), viz::to_dot(loss));
}
