#pragma once

#include "autograd/tensor/error.h"

namespace taper::nn {

/// Throws where an option of a layer is below 1.
inline void check_positive(std::string_view layer, std::string_view option, int64_t value) {
  if (value < 1) fail(layer, "{} is {}; expected 1 or more", option, value);
}

}  // namespace taper::nn
