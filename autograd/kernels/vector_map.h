#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "autograd/tensor/buffer.h"

namespace taper::kernels {

/// Functions that the compiler makes no vectors of: Highway's forms of them.
#define TAPER_VECTOR_FORMS(ROW) \
  ROW(sqrt) ROW(exp) ROW(log) ROW(sigmoid) ROW(tanh) ROW(erf) ROW(gelu) ROW(gelu_input)

#define ROW(name) name,
enum class VectorForm { TAPER_VECTOR_FORMS(ROW) };
#undef ROW

/// The vector form of the op with this name, if there is one.
constexpr std::optional<VectorForm> vector_form(std::string_view op) {
#define ROW(name) \
  if (op == #name) return VectorForm::name;
  TAPER_VECTOR_FORMS(ROW)
#undef ROW
  return {};
}

/// y = f(x0, ..), the x broadcast to y's shape. False, and nothing done, where f has no vector form
/// for these types: they must be one floating type.
bool vector_map(VectorForm f, const Buffer& y, std::initializer_list<const Buffer*> x);

}  // namespace taper::kernels
