#include "nn/optim/optimizer.h"

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/error.h"

namespace taper::optim {

Optimizer::~Optimizer() = default;

Tensor Optimizer::step(const LossClosure& closure) {
  Tensor loss;
  if (closure) {
    EnableGradGuard grad;
    loss = closure();
  }
  NoGradGuard no_grad;
  update();
  return loss;
}

void Optimizer::zero_grad(bool set_to_none) {
  NoGradGuard no_grad;
  for (const Tensor& p : parameters()) {
    if (!p.grad().defined()) continue;
    if (set_to_none)
      p.mutable_grad() = Tensor();
    else
      p.mutable_grad().detach_().zero_();
  }
}

void detail::check_parameters(std::string_view op, const tensor_list& params) {
  for (size_t i = 0; i < params.size(); ++i) {
    if (!params[i].defined())
      fail(op, "parameter {} is undefined; expected a tensor with values", i);
    if (Ref<Node> node = params[i].grad_fn())
      fail(op, "can't optimize a non-leaf Tensor: parameter {} is an output of {}; expected a leaf",
           i, node->name());
  }
}

}  // namespace taper::optim
