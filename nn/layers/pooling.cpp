#include "nn/layers/pooling.h"

namespace taper::nn {

template class Layer<MaxPool2d>;
template class OptionsLayer<MaxPool2d, MaxPool2dOptions>;
template class Layer<AvgPool2d>;
template class OptionsLayer<AvgPool2d, AvgPool2dOptions>;

AvgPool2d::AvgPool2d(const AvgPool2dOptions& o) : OptionsLayer(o) {}
MaxPool2d::MaxPool2d(const MaxPool2dOptions& o) : OptionsLayer(o) {}
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
