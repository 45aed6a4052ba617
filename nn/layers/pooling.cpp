#include "nn/layers/pooling.h"

namespace taper::nn {

Tensor MaxPool2d::forward(const Tensor& x) const {
  const MaxPool2dOptions& o = options;
  return max_pool2d(x, o.kernel_size, o.stride, o.padding, o.dilation, o.ceil_mode);
}

Tensor AvgPool2d::forward(const Tensor& x) const {
  const AvgPool2dOptions& o = options;
  return avg_pool2d(x, o.kernel_size, o.stride, o.padding, o.ceil_mode, o.count_include_pad,
                    o.divisor_override);
}

}  // namespace taper::nn
