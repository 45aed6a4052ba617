#pragma once

#include "autograd/tensor/int2.h"

// Options of ops, as aggregates: `conv2d(x, w, {}, {.stride = 2, .padding = 1})`.

namespace taper {

/// First member of an option aggregate: no value converts to it, so that `{2, 2}` never fills the
/// fields by position and calls with positional arguments can stand beside.
struct ByName {};

/// Of conv2d and its gradients.
struct ConvOptions {
  ByName by_name_ = {};
  Int2 stride = 1;
  Int2 padding = 0;   ///< zeros around the input, on each side
  Int2 dilation = 1;  ///< distance between the kernel's elements
  Int groups = 1;     ///< blocks of channels that are convolved apart
};

/// What a loss does with the losses of the samples.
enum class Reduction : uint8_t { none, mean, sum, None = none, Mean = mean, Sum = sum };
inline constexpr Reduction kNone = Reduction::none, kMean = Reduction::mean, kSum = Reduction::sum;

}  // namespace taper
