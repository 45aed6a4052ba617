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

/// y = the largest element of each window, cell = its number in the window, counted along rows: the
/// first one, or the last NaN where there are any. cell is uint8 where it holds all numbers, or
/// int64.
void max_pool2d(const PoolGeometry& g, const Buffer& x, const Buffer& y, const Buffer& cell);
/// dx: where each window's cell lies, its dy; windows that share a place are added up. Cells
/// outside the window or the plane count for nothing.
void max_pool2d_input(const PoolGeometry& g, const Buffer& dy, const Buffer& cell,
                      const Buffer& dx);
/// index (int64) = where in its plane each window's cell lies.
void max_pool2d_indices(const PoolGeometry& g, const Buffer& cell, const Buffer& index);
/// y = the sum of each window over its divisor.
void avg_pool2d(const PoolGeometry& g, PoolDivisor divisor, const Buffer& x, const Buffer& y);
/// dx: the adjoint of avg_pool2d.
void avg_pool2d_input(const PoolGeometry& g, PoolDivisor divisor, const Buffer& dy,
                      const Buffer& dx);

}  // namespace taper::kernels
