#pragma once

#include "nn/options_layer.h"

namespace taper::nn {

/// Of Conv2d.
struct Conv2dOptions {
  ByName by_name_ = {};
  Required<int64_t> in_channels;
  Required<int64_t> out_channels;
  Required<Int2> kernel_size;
  Int2 stride = 1;
  Int2 padding = 0;   ///< zeros around the input, on each side
  Int2 dilation = 1;  ///< distance between the kernel's elements
  Int groups = 1;     ///< blocks of channels that are convolved apart
  bool bias = true;
  TAPER_OPTIONS(Conv2dOptions, 3, in_channels, out_channels, kernel_size, stride, padding, dilation,
                groups, bias)
};

/// 2-D cross-correlation. Drawn from U(-1/sqrt(n), 1/sqrt(n)), n = in_channels / groups * kernel
/// height * width.
class Conv2d final : public OptionsLayer<Conv2d, Conv2dOptions, 2> {
 public:
  /// Throws where an option makes no sense.
  explicit Conv2d(const Conv2dOptions& options);
  /// x: [N, in_channels, H, W]; returns [N, out_channels, H', W']
  Tensor forward(const Tensor& x) const;
  /// Draws the parameters again.
  void reset_parameters() const;

  Tensor weight;  ///< [out_channels, in_channels / groups, kernel height, kernel width]
  Tensor bias;    ///< [out_channels]; undefined without
};
extern template class Layer<Conv2d>;
extern template class OptionsLayer<Conv2d, Conv2dOptions, 2>;

// The report's names.
using Conv2D = Conv2d;
using Conv2DOptions = Conv2dOptions;

}  // namespace taper::nn
