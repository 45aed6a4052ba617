#pragma once

#include "autograd/tensor/tensor.h"

namespace taper::nn {

/// Makes the gradients of the parameters undefined, or zero.
void clear_gradients(TensorList parameters, bool set_to_none);

}  // namespace taper::nn
