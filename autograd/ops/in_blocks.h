#pragma once

#include "autograd/ops/op.h"
#include "autograd/tensor/blocks.h"

namespace taper {

/// The block that pointwise operands can be read in together: one of them lies in blocks, and all
/// but numbers are packed and of one shape. 0 otherwise.
int64_t common_block(Inputs x);

/// Whether a pointwise result of that shape and type, in that block, may be written over t, an
/// operand: nobody else holds it.
bool can_take(const Tensor& t, IntList sizes, Dtype dtype, int64_t block);

/// An operand in the common block, in a copy if it lies otherwise; in plain memory if that is 0.
struct Lying {
  Lying(const Tensor& t, int64_t common);

  int64_t block;  ///< of its memory; 0 if that is plain
  Tensor copy;
  Buffer memory;
};

/// Runs the forward of a pointwise op where its operands lie, if one of them lies in blocks and all
/// have one shape: in the same order, any order does. False, and nothing done, otherwise.
bool forward_in_blocks(const OpType& type, const void* op, Inputs x, Outputs y, Specs& specs);

}  // namespace taper
