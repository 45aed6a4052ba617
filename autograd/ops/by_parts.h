#pragma once

#include "autograd/ops/op.h"

namespace taper::ops {

/// Gives a fused op the rule of its formula: f, made of differentiable ops, computes the op's
/// outputs from all its inputs x; returned are the gradients of the wanted ones, by the rules of
/// f's parts, of any order.
tensor_list gradients_by_parts(const Wanted& wanted,
                               const std::function<tensor_list(const tensor_list&)>& f,
                               const tensor_list& x, const tensor_list& dy);

}  // namespace taper::ops
