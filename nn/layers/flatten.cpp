#include "nn/layers/flatten.h"

namespace taper::nn {

Tensor Flatten::forward(const Tensor& x) const {
  return flatten(x, options.start_dim, options.end_dim);
}

}  // namespace taper::nn
