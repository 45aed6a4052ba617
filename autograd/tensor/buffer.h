#pragma once

#include <cstdint>

#include "autograd/tensor/dtype.h"
#include "autograd/tensor/shape.h"

namespace taper {

/// What kernels see of a tensor: memory, geometry and type, all borrowed. Undefined tensors have no
/// data.
struct Buffer {
  void* data = nullptr;
  IntList sizes;
  IntList strides;
  int64_t numel = 0;
  Dtype dtype = float32;
  bool contiguous = true;

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  explicit operator bool() const { return data != nullptr; }
  int64_t size(size_t d) const { return sizes[d]; }
};

}  // namespace taper
