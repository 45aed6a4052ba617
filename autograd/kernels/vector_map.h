#pragma once

#include <optional>
#include <string_view>

#include "autograd/tensor/buffer.h"

namespace taper::kernels {

/// Pointwise ops that have a vector form, in the widest vectors that the CPU has.
#define TAPER_VECTOR_UNARY(ROW) \
  ROW(neg)                      \
  ROW(abs)                      \
  ROW(square) ROW(sqrt) ROW(relu) ROW(exp) ROW(log) ROW(sigmoid) ROW(tanh) ROW(erf) ROW(gelu)
#define TAPER_VECTOR_BINARY(ROW) ROW(add) ROW(sub) ROW(mul) ROW(div) ROW(gelu_input)

#define ROW(name) name,
enum class VectorUnary { TAPER_VECTOR_UNARY(ROW) };
enum class VectorBinary { TAPER_VECTOR_BINARY(ROW) };
#undef ROW

/// The vector form of the op with this name, if there is one.
constexpr std::optional<VectorUnary> vector_unary(std::string_view op) {
#define ROW(name) \
  if (op == #name) return VectorUnary::name;
  TAPER_VECTOR_UNARY(ROW)
#undef ROW
  return {};
}
constexpr std::optional<VectorBinary> vector_binary(std::string_view op) {
#define ROW(name) \
  if (op == #name) return VectorBinary::name;
  TAPER_VECTOR_BINARY(ROW)
#undef ROW
  return {};
}

/// y = f(x). False, and nothing done, where f has no vector form for these operands: they must be
/// packed, of one floating type and one shape.
bool vector_map(VectorUnary f, const Buffer& x, const Buffer& y);
/// y = f(a, b); one of a and b may also be a single number.
bool vector_map(VectorBinary f, const Buffer& a, const Buffer& b, const Buffer& y);

}  // namespace taper::kernels
