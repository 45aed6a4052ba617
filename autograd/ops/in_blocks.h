#pragma once

#include "autograd/ops/op.h"
#include "autograd/tensor/blocks.h"

namespace taper {

/// Whether one of x lies in blocks.
inline bool any_in_blocks(Inputs x) {
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i].defined() && x[i].impl()->storage->in_blocks.load(std::memory_order_acquire))
      return true;
  return false;
}

/// The block that pointwise operands can be read in together: one of them lies in blocks, and all
/// but numbers are packed and of one shape. 0 otherwise.
int64_t common_block(Inputs x);

/// Whether a pointwise result of that shape and type, in that block, may be written over t, an
/// operand: nobody else holds it.
bool can_take(const Tensor& t, IntList sizes, Dtype dtype, int64_t block);

/// An operand's memory in the common block, in `copy` if it lies otherwise; plain where that is 0.
Buffer memory_in(int64_t block, const Tensor& t, Tensor& copy);

/// Runs the forward of a pointwise op where its operands lie, if one of them lies in blocks and all
/// have one shape: in the same order, any order does. False, and nothing done, otherwise.
bool forward_in_blocks(const OpType& type, const void* op, Inputs x, Outputs y, Specs& specs);

}  // namespace taper
