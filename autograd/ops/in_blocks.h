#pragma once

#include "autograd/ops/op.h"
#include "autograd/tensor/blocks.h"

namespace taper {

/// Runs the forward of a pointwise op where its operands lie, if one of them lies in blocks and all
/// have one shape: in the same order, any order does. False, and nothing done, otherwise.
bool forward_in_blocks(const OpType& type, const void* op, Inputs x, Outputs y, const Specs& specs);

}  // namespace taper
