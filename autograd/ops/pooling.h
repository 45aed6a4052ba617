#pragma once

#include <functional>

#include "autograd/kernels/pool.h"
#include "autograd/ops/window.h"

namespace taper::ops {

/// Windows over the last two dimensions, as every pooling op has them.
struct Pooling {
  Int2 kernel, stride, padding, dilation = 1;
  bool ceil_mode = false;

  void set(Int2 k, OptionalInt2 s, Int2 p, bool ceil) {
    kernel = k;
    stride = s.value_or(k);
    padding = p;
    ceil_mode = ceil;
  }
};

/// The geometry of a shape and options that were checked.
kernels::PoolGeometry pool_geometry(IntList x, const Pooling& p);
/// The geometry after a check of shape and options.
kernels::PoolGeometry checked_pool_geometry(const OpInfo& info, IntList x, const Pooling& p);

/// Throws where a window holds no element of the input.
void check_windows(const OpInfo& info, const kernels::PoolGeometry& g);

/// The output's shape for an input of shape x.
Shape pooled_shape(IntList x, const kernels::PoolGeometry& g);

/// The slow truth's output shape for an input of shape x.
Shape slow_pooled_shape(const Pooling& p, Shape x);

/// Calls f(y index, x index) for every cell of every window over an input of shape x, one by one;
/// x indices outside the input lie in the padding or, with ceil_mode, beyond it.
void for_each_cell(const Pooling& p, const Shape& x,
                   const std::function<void(const Shape& y, const Shape& x)>& f);

/// Whether a cell lies in an input of shape x with a border around its last two dimensions.
bool is_inside(const Shape& at, const Shape& x, Int2 border);

/// The windows of padded images as a strided view: [.., y_size, kernel].
struct Windows {
  Shape border;  ///< as `pad` takes it
  Shape padded;  ///< shape of the padded input
  Shape sizes;
  Shape strides;

  /// Of an input of shape x.
  Windows(IntList x, const kernels::PoolGeometry& g);
  /// t [.., y_size, kernel] added up over the windows that hold each element of the input.
  Tensor fold(const Tensor& t) const;
};

}  // namespace taper::ops
