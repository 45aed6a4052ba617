#include "nn/layers/pooling.h"

namespace taper::nn {

Tensor MaxPool2d::forward(const Tensor& x) const {
  return max_pool2d(x, options.kernel_size, options.stride);
}

Tensor AvgPool2d::forward(const Tensor& x) const {
  return avg_pool2d(x, options.kernel_size, options.stride);
}

}  // namespace taper::nn
