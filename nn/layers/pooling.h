#pragma once

#include "nn/module.h"
#include "nn/options.h"

namespace taper::nn {

struct MaxPool2dOptions {
  ByName by_name_ = {};
  Required<Int2> kernel_size;
  Int2 stride = 0;  ///< 0: the kernel's size
  TAPER_OPTIONS(MaxPool2dOptions, 1, kernel_size, stride)
};

/// The largest value of each window.
class MaxPool2d : public Layer<MaxPool2d> {
 public:
  explicit MaxPool2d(const MaxPool2dOptions& o) : options(o) {}
  /// x: [N, C, H, W]; returns [N, C, H', W']
  Tensor forward(const Tensor& x) const;
  std::string arguments() const override { return to_string(options, 0); }

  MaxPool2dOptions options;
};

struct AvgPool2dOptions {
  ByName by_name_ = {};
  Required<Int2> kernel_size;
  Int2 stride = 0;  ///< 0: the kernel's size
  TAPER_OPTIONS(AvgPool2dOptions, 1, kernel_size, stride)
};

/// The mean of each window.
class AvgPool2d : public Layer<AvgPool2d> {
 public:
  explicit AvgPool2d(const AvgPool2dOptions& o) : options(o) {}
  /// x: [N, C, H, W]; returns [N, C, H', W']
  Tensor forward(const Tensor& x) const;
  std::string arguments() const override { return to_string(options, 0); }

  AvgPool2dOptions options;
};

using MaxPool2D = MaxPool2d;
using MaxPool2DOptions = MaxPool2dOptions;
using AvgPool2D = AvgPool2d;
using AvgPool2DOptions = AvgPool2dOptions;

}  // namespace taper::nn
