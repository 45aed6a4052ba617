#include "autograd/ops/reference.h"

#include <cmath>

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
  return tabulate(sizes, float64, [&](const Shape&) { return values.at(n++); });
}

Shape common_shape(const tensor_list& x) {
  Shape out;
  for (const Tensor& t : x)
    while (int64_t(out.size()) < t.dim()) out.insert(0, 1);
  for (const Tensor& t : x)
    for (int64_t d = -1; d >= -t.dim(); --d)
      if (t.size(d) != 1) out[size_t(int64_t(out.size()) + d)] = t.size(d);
  return out;
}

double broadcast_at(const Tensor& x, const Shape& index) {
  Shape own(x.sizes());
  size_t lead = index.size() - own.size();
  for (size_t d = 0; d < own.size(); ++d) own[d] = own[d] == 1 ? 0 : index[d + lead];
  return element_at(x, own);
}

double sum_of_exp(const Tensor& x, Shape index, int64_t dim) {
  if (index.empty()) return std::exp(element_at(x, index));
  double sum = 0;
  for (int64_t c = 0; c < x.size(dim); ++c) {
    index[size_t(dim)] = c;
    sum += std::exp(element_at(x, index));
  }
  return sum;
}

int64_t count_windows(int64_t x, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                      bool ceil) {
  int64_t n = 0, over = dilation * (kernel - 1);
  while (n * stride + over < x + 2 * padding) ++n;
  bool rest = n > 0 && (n - 1) * stride + over < x + 2 * padding - 1;
  return ceil && rest && n * stride < x + padding ? n + 1 : n;
}

}  // namespace taper::ops
