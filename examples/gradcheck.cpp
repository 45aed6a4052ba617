// Is my gradient right?
#include <taper.h>
using namespace taper;

struct Swish : autograd::Function<Swish> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x.sigmoid();
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    Tensor x = ctx->get_saved_variables()[0], s = x.sigmoid();
    return {dy[0] * (s + x * s * (1 - s))};
  }
};

int main() {
  Tensor x = randn({5}, {.dtype = float64, .requires_grad = true});
  auto report = gradcheck([](const Tensor& x) { return Swish::apply(x); }, {x}, {.order = 2});
  fmt::print("{}\n", report);  // what was checked, the worst element, what failed and why
  return report.ok() ? 0 : 1;
}
