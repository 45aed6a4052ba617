#include "nn/clear_gradients.h"

#include "autograd/graph/grad_mode.h"

namespace taper::nn {

void clear_gradients(TensorList parameters, bool set_to_none) {
  NoGradGuard no_grad;
  for (const Tensor& p : parameters) {
    if (!p.grad().defined()) continue;
    if (set_to_none)
      p.mutable_grad() = Tensor();
    else
      p.mutable_grad().detach_().zero_();
  }
}

}  // namespace taper::nn
