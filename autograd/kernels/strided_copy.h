#pragma once

#include "autograd/tensor/buffer.h"

namespace taper::kernels {

/// Elements of `bytes` bytes each: to[i . to_strides] = from[i . from_strides] for every index i
/// below `sizes`, in the order that suits memory. Strides count elements; the source's may be 0 or
/// negative. Where destinations coincide the last one in row-major order stays.
void strided_copy(size_t bytes, IntList sizes, const void* from, const Shape& from_strides,
                  void* to, const Shape& to_strides);

/// y = x, broadcast to its shape; of one type.
void strided_copy(const Buffer& x, const Buffer& y);

}  // namespace taper::kernels
