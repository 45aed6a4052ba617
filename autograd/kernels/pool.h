#pragma once

#include "autograd/tensor/buffer.h"
#include "autograd/tensor/int2.h"

namespace taper::kernels {

/// Windows over images: x [planes, x_size], y [planes, y_size].
struct PoolGeometry {
  int64_t planes = 1;
  Int2 x_size, y_size, kernel, stride, padding, dilation = 1;
};

/// What a window's sum is divided by.
struct PoolDivisor {
  bool count_padding = true;  ///< cells in the padding count as well
  int64_t fixed = 0;          ///< if not 0: this, for every window

  /// For the window of output pixel (i, j).
  double at(const PoolGeometry& g, int64_t i, int64_t j) const;
};

// All buffers are packed.

/// y = the largest element of each window, index (int64) = its place in the plane: the first one,
/// or the last NaN where there are any.
void max_pool2d(const PoolGeometry& g, const Buffer& x, const Buffer& y, const Buffer& index);
/// y = the sum of each window over its divisor.
void avg_pool2d(const PoolGeometry& g, PoolDivisor divisor, const Buffer& x, const Buffer& y);
/// dx: the adjoint of avg_pool2d.
void avg_pool2d_input(const PoolGeometry& g, PoolDivisor divisor, const Buffer& dy,
                      const Buffer& dx);

}  // namespace taper::kernels
