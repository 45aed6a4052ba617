#include "nn/optim/optimizer.h"

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/error.h"
#include "nn/clear_gradients.h"

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

void Optimizer::zero_grad(bool set_to_none) { nn::clear_gradients(parameters(), set_to_none); }

void detail::follow_type(Tensor& state, const Tensor& p) {
  if (state.defined() && state.dtype() != p.dtype()) state = state.to(p.dtype());
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

void detail::check_group(std::string_view op, size_t group, size_t groups) {
  if (group >= groups) fail_index(op, "there is no group {}; expected below {}", group, groups);
}

}  // namespace taper::optim
