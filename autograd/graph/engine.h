#pragma once

#include "autograd/tensor/tensor.h"

namespace taper {

struct GradOptions {
  bool retain_graph = false;  ///< keep saved values, so that backward can run again
  bool create_graph = false;  ///< record the backward pass, for higher orders; implies retain_graph
  bool allow_unused =
      false;  ///< an input that the outputs do not depend on gets an undefined gradient
};

namespace autograd {

using taper::tensor_list;
using variable_list = tensor_list;

/// Accumulates d outputs / d leaf into the leaves' grad, or into that of `inputs` alone where
/// given. grad_outputs: a gradient for each output; an undefined one, or {}, means 1 for an output
/// of one element.
void backward(TensorList outputs, TensorList grad_outputs = {}, const GradOptions& options = {},
              TensorList inputs = {});
void backward(TensorList outputs, TensorList grad_outputs, bool retain_graph,
              bool create_graph = false, TensorList inputs = {});

/// The gradients of the outputs with respect to the inputs; no tensor's grad is touched.
tensor_list grad(TensorList outputs, TensorList inputs, TensorList grad_outputs = {},
                 const GradOptions& options = {});
tensor_list grad(TensorList outputs, TensorList inputs, TensorList grad_outputs, bool retain_graph,
                 bool create_graph = false, bool allow_unused = false);

}  // namespace autograd

using autograd::grad;

/// The first N tensors of a list, for structured bindings: `auto [dx, dw] = unpack<2>(grad(...))`.
template <size_t N>
std::array<Tensor, N> unpack(tensor_list list) {
  std::array<Tensor, N> out;
  for (size_t i = 0; i < N && i < list.size(); ++i) out[i] = std::move(list[i]);
  return out;
}

}  // namespace taper
