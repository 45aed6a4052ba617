#pragma once

#include <optional>

#include "autograd/tensor/dtype.h"

namespace taper {

/// How a factory makes its tensor: `zeros({2, 3}, {.dtype = float64, .requires_grad = true})`.
struct TensorOptions {
  std::optional<Dtype> dtype = std::nullopt;  ///< by default what the factory's values suggest
  bool requires_grad = false;
};

}  // namespace taper
