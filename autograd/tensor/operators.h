#pragma once

#include "autograd/tensor/tensor.h"

namespace taper {

// Element-wise, with broadcasting; a number on either side.
#define OPERATOR(op, f)                                                          \
  inline Tensor operator op(const Tensor& a, const Tensor& b) { return a.f(b); } \
  inline Tensor operator op(const Tensor& a, Scalar b) { return a.f(b); }        \
  inline Tensor operator op(Scalar a, const Tensor& b) { return f(a, b); }
// The result may lie in the memory of a temporary.
#define ARITHMETIC(op, f)                                                                    \
  OPERATOR(op, f)                                                                            \
  inline Tensor operator op(Tensor&& a, const Tensor& b) { return std::move(a).f(b); }       \
  inline Tensor operator op(const Tensor& a, Tensor&& b) { return a.f(std::move(b)); }       \
  inline Tensor operator op(Tensor&& a, Tensor&& b) { return std::move(a).f(std::move(b)); } \
  inline Tensor operator op(Tensor&& a, Scalar b) { return std::move(a).f(b); }              \
  inline Tensor operator op(Scalar a, Tensor&& b) { return f(a, std::move(b)); }
ARITHMETIC(+, add)
ARITHMETIC(-, sub)
ARITHMETIC(*, mul)
ARITHMETIC(/, div)
#undef ARITHMETIC
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
inline Tensor operator-(Tensor&& a) { return std::move(a).neg(); }

}  // namespace taper
