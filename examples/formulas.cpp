// The report's formulas, run as written, and the fast kernels that run otherwise: the same
// gradients.
#include <taper.h>
using namespace taper;

int main() {
  Tensor x = randn({2, 3, 9, 9}, {.dtype = float64, .requires_grad = true});
  Tensor w = randn({4, 3, 3, 3}, {.dtype = float64, .requires_grad = true});
  auto gradients = [&] {
    Tensor y = conv2d(x, w, {}, {.stride = 2, .padding = 1, .dilation = 2});
    Tensor dy = ones_like(y);
    return unpack<2>(grad({y}, {x, w}, {dy}));
  };
  auto [fast_dx, fast_dw] = gradients();

  FormulaGuard formulas;  // scoped: gradients of conv, pooling, dense, softmax run as documented
  auto [dx, dw] = gradients();
  double apart =
      (dx - fast_dx).abs().max().item<double>() + (dw - fast_dw).abs().max().item<double>();
  fmt::print("{} {} apart by {:.1e}\n", dx.sizes(), dw.sizes(), apart);
  return apart < 1e-9 ? 0 : 1;
}
