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

/// Throws unless t is one number of that type.
inline void check_number(const OpInfo& info, const Tensor& t, Dtype dtype, const char* name) {
  if (t.dim() != 0 || t.dtype() != dtype)
    fail(info.name, "{} is {} of shape {}; expected one {}", name, t.dtype(), t.sizes(), dtype);
}

/// Throws unless the parameter p is of a floating type, and t like it.
inline void check_like_parameter(const OpInfo& info, const Tensor& p, const Tensor& t,
                                 const char* what) {
  if (!p.is_floating_point())
    fail(info.name, "the parameter is {}; expected a floating type", p.dtype());
  if (!(t.sizes() == p.sizes()) || t.dtype() != p.dtype())
    fail(info.name, "{} is {} of shape {}; expected the parameter's {} of shape {}", what,
         t.dtype(), t.sizes(), p.dtype(), p.sizes());
}

}  // namespace taper::ops
