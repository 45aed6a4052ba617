#pragma once

#include "autograd/tensor/tensor.h"

namespace taper {

// Element-wise, with broadcasting; a number on either side.
#define OPERATOR(op, f)                                                          \
  inline Tensor operator op(const Tensor& a, const Tensor& b) { return a.f(b); } \
  inline Tensor operator op(const Tensor& a, Scalar b) { return a.f(b); }        \
  inline Tensor operator op(Scalar a, const Tensor& b) { return f(a, b); }
OPERATOR(+, add)
OPERATOR(-, sub)
OPERATOR(*, mul)
OPERATOR(/, div)
OPERATOR(==, eq)
OPERATOR(!=, ne)
OPERATOR(<, lt)
OPERATOR(<=, le)
OPERATOR(>, gt)
OPERATOR(>=, ge)
#undef OPERATOR

#define OPERATOR(op, f)                                                                 \
  inline const Tensor& operator op(const Tensor& a, const Tensor& b) { return a.f(b); } \
  inline const Tensor& operator op(const Tensor& a, Scalar b) { return a.f(b); }
OPERATOR(+=, add_)
OPERATOR(-=, sub_)
OPERATOR(*=, mul_)
OPERATOR(/=, div_)
#undef OPERATOR

inline Tensor operator-(const Tensor& a) { return a.neg(); }

}  // namespace taper
