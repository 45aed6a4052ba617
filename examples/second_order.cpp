// Second order: the gradient of a gradient's square.
#include <taper.h>
using namespace taper;

int main() {
  auto f = [](const Tensor& x) { return (x * x * x).sum(); };
  Tensor x = tensor({1.0, 2.0}, {.dtype = float64, .requires_grad = true});
  Tensor g = grad({f(x)}, {x}, {}, {.create_graph = true})[0];  // 3 x^2
  (g * g).sum().backward();
  fmt::print("{}\n", x.grad());  // 36 x^3
}
