#pragma once

#include <optional>

#include "nn/options_layer.h"

namespace taper::nn {

/// Of MaxPool2d.
struct MaxPool2dOptions {
  ByName by_name_ = {};
  Required<Int2> kernel_size;
  OptionalInt2 stride = {};  ///< left out: the kernel's size
  Int2 padding = 0;          ///< around the input, on each side; never the largest value
  Int2 dilation = 1;         ///< distance between a window's elements
  bool ceil_mode = false;    ///< also windows that reach over the end
  TAPER_OPTIONS(MaxPool2dOptions, 1, kernel_size, stride, padding, dilation, ceil_mode)
};

/// The largest value of each window.
class MaxPool2d final : public OptionsLayer<MaxPool2d, MaxPool2dOptions> {
 public:
  explicit MaxPool2d(const MaxPool2dOptions& o);
  /// x: [N, C, H, W]; returns [N, C, H', W']
  Tensor forward(const Tensor& x) const;
};
extern template class Layer<MaxPool2d>;
extern template class OptionsLayer<MaxPool2d, MaxPool2dOptions>;

/// Of AvgPool2d.
struct AvgPool2dOptions {
  ByName by_name_ = {};
  Required<Int2> kernel_size;
  OptionalInt2 stride = {};                                ///< left out: the kernel's size
  Int2 padding = 0;                                        ///< zeros around the input, on each side
  bool ceil_mode = false;                                  ///< also windows that reach over the end
  bool count_include_pad = true;                           ///< whether the zeros count in the mean
  std::optional<int64_t> divisor_override = std::nullopt;  ///< instead of the number of elements
  TAPER_OPTIONS(AvgPool2dOptions, 1, kernel_size, stride, padding, ceil_mode, count_include_pad,
                divisor_override)
};

/// The mean of each window.
class AvgPool2d final : public OptionsLayer<AvgPool2d, AvgPool2dOptions> {
 public:
  explicit AvgPool2d(const AvgPool2dOptions& o);
  /// x: [N, C, H, W]; returns [N, C, H', W']
  Tensor forward(const Tensor& x) const;
};
extern template class Layer<AvgPool2d>;
extern template class OptionsLayer<AvgPool2d, AvgPool2dOptions>;

// The report's names.
using MaxPool2D = MaxPool2d;
using MaxPool2DOptions = MaxPool2dOptions;
using AvgPool2D = AvgPool2d;
using AvgPool2DOptions = AvgPool2dOptions;

}  // namespace taper::nn
