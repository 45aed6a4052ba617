#include "nn/layers/conv.h"

#include "autograd/tensor/factories.h"
#include "nn/init/init.h"
#include "nn/layers/checks.h"

namespace taper::nn {

template class Layer<Conv2d>;
template class OptionsLayer<Conv2d, Conv2dOptions, 2>;

static const Conv2dOptions& checked(const Conv2dOptions& o) {
  check_positive("Conv2d", "in_channels", o.in_channels);
  check_positive("Conv2d", "out_channels", o.out_channels);
  check_positive("Conv2d", "kernel_size", std::min((*o.kernel_size).h, (*o.kernel_size).w));
  check_positive("Conv2d", "groups", o.groups);
  if (o.in_channels % o.groups || o.out_channels % o.groups)
    fail("Conv2d", "{} groups, {} channels in and {} out; expected a divisor of both",
         int64_t(o.groups), *o.in_channels, *o.out_channels);
  return o;
}

static Shape weight_shape(const Conv2dOptions& o) {
  Int2 kernel = o.kernel_size;
  return {o.out_channels, o.in_channels / o.groups, kernel.h, kernel.w};
}

Conv2d::Conv2d(const Conv2dOptions& o)
    : OptionsLayer(checked(o)), weight(register_parameter("weight", empty(weight_shape(o)))) {
  if (o.bias) bias = register_parameter("bias", empty({*o.out_channels}));
  reset_parameters();
}

void Conv2d::reset_parameters() const { init::default_(weight, bias); }

Tensor Conv2d::forward(const Tensor& x) const {
  return conv2d(x, weight, bias,
                {.stride = options.stride,
                 .padding = options.padding,
                 .dilation = options.dilation,
                 .groups = options.groups});
}

}  // namespace taper::nn
