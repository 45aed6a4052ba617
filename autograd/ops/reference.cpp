#include "autograd/ops/reference.h"

#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

static int64_t place(const Tensor& x, const Shape& index) {
  TAPER_ASSERT(int64_t(index.size()) == x.dim());
  int64_t at = 0;
  for (size_t d = 0; d < index.size(); ++d) {
    TAPER_ASSERT(index[d] >= 0 && index[d] < x.sizes()[d]);
    at += index[d] * x.strides()[d];
  }
  return at;
}

double element_at(const Tensor& x, const Shape& index) {
  return dispatch(x.dtype(),
                  [&](auto t) { return double(x.data_ptr<decltype(t)>()[place(x, index)]); });
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

Tensor moved(const Tensor& x, IntList sizes,
             const std::function<Shape(const Shape& index)>& place) {
  return tabulate(sizes, float64, [&](const Shape& i) { return element_at(x, place(i)); });
}

Tensor reshaped(const Tensor& x, IntList sizes) {
  std::vector<double> values;
  for_each_index(x.sizes(), [&](const Shape& i) { values.push_back(element_at(x, i)); });
  size_t n = 0;
  return tabulate(sizes, float64, [&](const Shape&) { return values[n++]; });
}

}  // namespace taper::ops
