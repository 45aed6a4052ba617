#include "autograd/ops/reference.h"

#include "autograd/tensor/factories.h"

namespace taper::ops {

static int64_t place(const Tensor& x, const Shape& index) {
  int64_t at = 0;
  for (size_t d = 0; d < index.size(); ++d) at += index[d] * x.strides()[d];
  return at;
}

double element_at(const Tensor& x, const Shape& index) {
  return dispatch(x.dtype(), [&](auto t) {
    return double(x.data_ptr<decltype(t)>()[place(x, index)]);
  });
}

double& element_of(const Tensor& x, const Shape& index) {
  return x.data_ptr<double>()[place(x, index)];
}

void for_each_index(IntList sizes, const std::function<void(const Shape& index)>& f) {
  for (int64_t flat = 0; flat < numel(sizes); ++flat) {
    Shape index(sizes);
    int64_t rest = flat;
    for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) index[d] = rest % sizes[d];
    f(index);
  }
}

Tensor tabulate(IntList sizes, Dtype dtype, const std::function<double(const Shape& index)>& f) {
  Tensor y = empty(sizes, {.dtype = dtype});
  int64_t flat = 0;
  for_each_index(sizes, [&](const Shape& index) {
    dispatch(dtype, [&](auto t) { y.data_ptr<decltype(t)>()[flat] = decltype(t)(f(index)); });
    ++flat;
  });
  return y;
}

}  // namespace taper::ops
