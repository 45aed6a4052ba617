#pragma once

#include "autograd/kernels/reduce.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/sample.h"

namespace taper::ops {

using kernels::DimMask;

/// Which dimensions a reduction goes over, wrapped; an empty list means all.
DimMask reduced_dims(std::string_view op, const Shape& dims, size_t ndim);

/// The sizes left after a reduction.
Shape reduced_sizes(IntList sizes, DimMask reduced, bool keepdim);

/// y, a reduction's result or gradient, with the reduced dimensions as size 1, so that it
/// broadcasts to x.
Tensor with_reduced_dims(const Tensor& y, std::string_view op, const Shape& dims, bool keepdim,
                         IntList x_sizes);

/// Calls fold(slot, value) with every element of x in double, slot being the output element it
/// belongs to: the slow truth of reductions.
void for_each_reduced(const Tensor& x, DimMask reduced,
                      const std::function<void(int64_t slot, double value)>& fold);

}  // namespace taper::ops
