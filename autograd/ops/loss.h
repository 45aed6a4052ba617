#pragma once

#include "autograd/ops/sample.h"

namespace taper::ops {

// What losses over classes share: x [N, C, ..] or [C].

inline size_t class_dim(const Tensor& x) { return x.dim() == 1 ? 0 : 1; }

/// x's shape without the classes.
Shape row_shape(const Tensor& x);

/// Throws unless x has classes, and weight, if defined, one number for each.
void check_class_scores(const OpInfo& info, const Tensor& x, const Tensor& weight);

/// Throws unless every class in the target is one that x has, or the ignored one.
void check_classes(const OpInfo& info, const Tensor& x, const Tensor& target, int64_t ignore_index);

}  // namespace taper::ops
