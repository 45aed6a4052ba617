#pragma once

#include <algorithm>

#include "autograd/kernels/gemm.h"
#include "autograd/tensor/tensor.h"

namespace taper::ops {

/// Whether gemm can read t's last two dimensions as they are.
inline bool readable(const Tensor& t) {
  int64_t rows = t.size(-2), columns = t.size(-1), row = t.stride(-2), column = t.stride(-1);
  return (column == 1 && row >= std::max<int64_t>(columns, 1)) ||
         (row == 1 && column >= std::max<int64_t>(rows, 1));
}

/// The matrix of b's last two dimensions, starting `offset` elements in.
template <class T>
kernels::Matrix<const T> matrix(const Buffer& b, int64_t offset = 0) {
  size_t d = b.sizes.size();
  return {b.as<const T>() + offset, b.sizes[d - 2], b.sizes[d - 1], b.strides[d - 2],
          b.strides[d - 1]};
}

}  // namespace taper::ops
