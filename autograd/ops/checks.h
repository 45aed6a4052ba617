#pragma once

#include "autograd/ops/op.h"

namespace taper::ops {

// Checks that several families make.

inline void check_floating(const OpInfo& info, Dtype d) {
  if (!is_floating_point(d)) fail(info.name, "the tensor is {}; expected a floating type", d);
}

/// Throws unless a and b are of one floating type.
inline void check_one_floating_type(const OpInfo& info, const char* a_name, const Tensor& a,
                                    const char* b_name, const Tensor& b) {
  if (a.dtype() != b.dtype() || !a.is_floating_point())
    fail(info.name, "{} is {}, {} {}; expected one floating type", a_name, a.dtype(), b_name,
         b.dtype());
}

}  // namespace taper::ops
