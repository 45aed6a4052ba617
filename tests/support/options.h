#pragma once

#include "autograd/tensor/options.h"

namespace taper::test {

inline const TensorOptions doubles{.dtype = float64};
inline const TensorOptions leaf{.dtype = float64, .requires_grad = true};
inline const TensorOptions float32_leaf{.requires_grad = true};

}  // namespace taper::test
