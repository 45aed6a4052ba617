#pragma once

#include <functional>

#include "autograd/tensor/tensor.h"

namespace taper::ops {

// What slow references are written with: index arithmetic in double, no kernels.

/// The element of x at an index.
double element_at(const Tensor& x, const Shape& index);

/// Calls f(index) for every index of a shape, in row-major order.
void for_each_index(IntList sizes, const std::function<void(const Shape& index)>& f);

/// The tensor whose element at each index is f(index).
Tensor tabulate(IntList sizes, Dtype dtype, const std::function<double(const Shape& index)>& f);

/// The tensor of doubles whose element at each index i is x[place(i)]: what moves elements.
Tensor moved(const Tensor& x, IntList sizes, const std::function<Shape(const Shape& index)>& place);

/// x's elements as doubles, in row-major order, in another shape.
Tensor reshaped(const Tensor& x, IntList sizes);

/// Adds to, or sets, an element of a float64 tensor.
double& element_of(const Tensor& x, const Shape& index);

/// The shape that tensors broadcast to.
Shape common_shape(const tensor_list& x);

/// The element of x that stands at an index of what x broadcasts to.
double broadcast_at(const Tensor& x, const Shape& index);

/// Sum of exp(x) over the elements whose index differs in dimension dim alone.
double sum_of_exp(const Tensor& x, Shape index, int64_t dim);

/// How many windows there are along a dimension of x elements, counted one by one; with `ceil` a
/// last one may hang over the end if it starts before the padding there.
int64_t count_windows(int64_t x, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                      bool ceil = false);

}  // namespace taper::ops
