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

}  // namespace taper::ops
