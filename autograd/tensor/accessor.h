#pragma once

#include "autograd/tensor/tensor.h"

namespace taper {

/// Elements of a tensor by index: `a[i][j]`. Borrows the memory; indices are not checked.
template <class T, int N>
class TensorAccessor {
  static_assert(N >= 1, "an accessor has at least one dimension");

 public:
  TensorAccessor(T* data, const int64_t* sizes, const int64_t* strides)
      : data_(data), sizes_(sizes), strides_(strides) {}

  decltype(auto) operator[](int64_t i) const {
    T* at = data_ + i * strides_[0];
    if constexpr (N == 1)
      return (*at);
    else
      return TensorAccessor<T, N - 1>(at, sizes_ + 1, strides_ + 1);
  }

  T* data() const { return data_; }
  int64_t size(int d) const { return sizes_[d]; }
  int64_t stride(int d) const { return strides_[d]; }
  IntList sizes() const { return IntList(sizes_, size_t(N)); }
  IntList strides() const { return IntList(strides_, size_t(N)); }

 private:
  T* data_;
  const int64_t* sizes_;
  const int64_t* strides_;
};

template <class T, int N>
TensorAccessor<T, N> Tensor::accessor() const& {
  check_accessor(dtype_of<T>(), N);
  return {data_ptr<T>(), sizes().data(), strides().data()};
}

}  // namespace taper
