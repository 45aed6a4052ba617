// Tensors and gradients.
#include <taper.h>
using namespace taper;

int main() {
  Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, {.dtype = float64, .requires_grad = true});
  Tensor w = randn({2, 3}, {.dtype = float64, .requires_grad = true});
  Tensor y = (x.matmul(w) + 1).sigmoid().sum();
  y.backward();
  fmt::print("{}\n{:.3f}\n", x.grad(), w.grad());  // also std::cout << x.grad()

  Tensor column = x.index({Slice(), 1});  // a view; so are x[0], x.t(), x.narrow(0, 0, 1)
  fmt::print("{} {} {}\n", column.sizes(), x.dtype(), y.item<double>());
}
