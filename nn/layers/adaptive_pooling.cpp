#include "nn/layers/adaptive_pooling.h"

#include "autograd/tensor/error.h"

namespace taper::nn {

template class Layer<AdaptiveAvgPool2d>;
template class OptionsLayer<AdaptiveAvgPool2d, AdaptiveAvgPool2dOptions, 0>;

std::string option_text(const OutputSize& size) {
  if (size.h == size.w) return detail::option_text(size.h);
  return "[" + detail::option_text(size.h) + ", " + detail::option_text(size.w) + "]";
}

static const AdaptiveAvgPool2dOptions& checked(const AdaptiveAvgPool2dOptions& o) {
  const OutputSize& size = o.output_size;
  if (size.h.value_or(0) < 0 || size.w.value_or(0) < 0)
    fail("AdaptiveAvgPool2d", "output_size is {}; expected 0 or more", option_text(size));
  return o;
}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(const AdaptiveAvgPool2dOptions& o)
    : OptionsLayer(checked(o)) {}

Tensor AdaptiveAvgPool2d::forward(const Tensor& x) const {
  const OutputSize& size = options.output_size;
  if (size.h && size.w) return adaptive_avg_pool2d(x, {*size.h, *size.w});
  if (x.dim() < 2)
    fail("AdaptiveAvgPool2d", "input has shape {}; expected [N, C, H, W] or [C, H, W]", x.sizes());
  return adaptive_avg_pool2d(x, {size.h.value_or(x.size(-2)), size.w.value_or(x.size(-1))});
}

}  // namespace taper::nn
