#pragma once

#include <array>
#include <optional>

#include "autograd/tensor/tensor.h"

namespace taper {

/// How backward and grad run.
struct GradOptions {
  /// Keep saved values, so that backward can run again; by default if create_graph says so.
  std::optional<bool> retain_graph = std::nullopt;
  /// Record the backward pass, for higher orders.
  bool create_graph = false;
  /// An input that the outputs do not depend on gets an undefined gradient.
  bool allow_unused = false;
};

namespace autograd {

using taper::tensor_list;
using variable_list = tensor_list;

/// Accumulates d outputs / d leaf into the leaves' grad, or into that of `inputs` alone where
/// given; an input that is no leaf retains its gradient. grad_outputs: a gradient for each output;
/// an undefined one, or {}, means 1 for an output of one element.
///
/// With create_graph a leaf's grad depends on the leaf, which holds it: a cycle, as in LibTorch,
/// whose memory is not freed before that grad is cleared (`x.mutable_grad() = Tensor()`); `grad`
/// makes none.
void backward(TensorList outputs, TensorList grad_outputs = {}, const GradOptions& options = {},
              TensorList inputs = {});
void backward(TensorList outputs, TensorList grad_outputs, std::optional<bool> retain_graph,
              bool create_graph = false, TensorList inputs = {});

/// The gradients of the outputs with respect to the inputs; no tensor's grad is touched.
tensor_list grad(TensorList outputs, TensorList inputs, TensorList grad_outputs = {},
                 const GradOptions& options = {});
tensor_list grad(TensorList outputs, TensorList inputs, TensorList grad_outputs,
                 std::optional<bool> retain_graph, bool create_graph = false,
                 bool allow_unused = false);

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
