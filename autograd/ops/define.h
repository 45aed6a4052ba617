// Last lines of a family's source, after its structs:
//   #define FAMILY "autograd/ops/pointwise.def"
//   #include "autograd/ops/define.h"
// Defines, for every line of the family's .def, the free function, the members and the registry's
// entry. No include guard: a source includes it once, for its own family.

#include "autograd/ops/call.h"
#include "autograd/ops/registry.h"

#define OR(...)
#define COMMA(...) __VA_OPT__(, ) __VA_ARGS__
#define ENTRY(S, f) \
  OpEntry op_entry_##S() { return make_entry<ops::S>(#f); }
#define NO_PARAMS(...) __VA_OPT__(false &&) true
#define MEMBER_AND_FREE(S, R, f, params, args)                             \
  R f(const Tensor& x COMMA params) { return call<ops::S>(x COMMA args); } \
  R Tensor::f params const { return call<ops::S>(*this COMMA args); }
#define OP(S, R, f, params, args)        \
  MEMBER_AND_FREE(S, R, f, params, args) \
  ENTRY(S, f)
#define OP_INPLACE(S, R, f, params, args)                                                     \
  R f(Tensor x COMMA params) { return call<ops::S>(Spare(std::move(x)) COMMA args); }         \
  R Tensor::f params const& { return call<ops::S>(*this COMMA args); }                        \
  R Tensor::f params&& { return call<ops::S>(Spare(std::move(*this)) COMMA args); }           \
  const Tensor& Tensor::f##_ params const { return call_in_place<ops::S>(*this COMMA args); } \
  OpEntry op_entry_##S() { return make_in_place_entry<ops::S, NO_PARAMS params>(#f); }
#define TWO_OPERANDS(S, f)                                                          \
  Tensor f(const Tensor& x, const Tensor& other) { return call<ops::S>(x, other); } \
  Tensor f(const Tensor& x, Scalar other) { return call<ops::S>(x, other); }        \
  Tensor f(Scalar x, const Tensor& other) { return call<ops::S>(x, other); }
#define OP_COMPARE(S, f)                                                             \
  TWO_OPERANDS(S, f)                                                                 \
  Tensor Tensor::f(const Tensor& other) const { return call<ops::S>(*this, other); } \
  Tensor Tensor::f(Scalar other) const { return call<ops::S>(*this, other); }        \
  ENTRY(S, f)
#define OP_BINARY(S, f)                                                                          \
  TWO_OPERANDS(S, f)                                                                             \
  Tensor f(Scalar x, Tensor&& other) { return call<ops::S>(x, Spare(std::move(other))); }        \
  Tensor Tensor::f(const Tensor& other) const& { return call<ops::S>(*this, other); }            \
  Tensor Tensor::f(const Tensor& other)&& {                                                      \
    if (this == &other) return call<ops::S>(*this, other);                                       \
    return call<ops::S>(Spare(std::move(*this)), other);                                         \
  }                                                                                              \
  Tensor Tensor::f(Tensor&& other) const& {                                                      \
    if (this == &other) return call<ops::S>(*this, other);                                       \
    return call<ops::S>(*this, Spare(std::move(other)));                                         \
  }                                                                                              \
  Tensor Tensor::f(Tensor&& other)&& {                                                           \
    if (this == &other) return call<ops::S>(*this, other);                                       \
    return call<ops::S>(Spare(std::move(*this)), Spare(std::move(other)));                       \
  }                                                                                              \
  Tensor Tensor::f(Scalar other) const& { return call<ops::S>(*this, other); }                   \
  Tensor Tensor::f(Scalar other)&& { return call<ops::S>(Spare(std::move(*this)), other); }      \
  const Tensor& Tensor::f##_(const Tensor& other) const {                                        \
    return call_in_place<ops::S>(*this, other);                                                  \
  }                                                                                              \
  const Tensor& Tensor::f##_(Scalar other) const { return call_in_place<ops::S>(*this, other); } \
  OpEntry op_entry_##S() { return make_binary_entry<ops::S>(#f); }
#define INPLACE(S, f, params, args)      \
  const Tensor& Tensor::f params const { \
    call<ops::S>(*this COMMA args);      \
    return *this;                        \
  }                                      \
  ENTRY(S, f)
#define FREE(S, R, f, params, args)        \
  R f params { return call<ops::S> args; } \
  ENTRY(S, f)

namespace taper {
#include FAMILY
}
