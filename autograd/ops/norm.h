#pragma once

#include <functional>

#include "autograd/kernels/norm.h"
#include "autograd/ops/sample.h"

namespace taper::ops {

// What ops over channels and layer_norm share.

/// The blocks that x's channels can be read in where they lie; 0 for plain memory.
int64_t norm_block(const Tensor& x);
/// t's memory, plain or in the planes' blocks.
Buffer memory_of(const Tensor& t, const kernels::NormPlanes& p);

/// dx, dweight and dbias of y = weight xhat + bias, xhat = (x - mean(x)) / sqrt(var(x) + eps) over
/// `dims`, from differentiable ops. weight broadcasts to x, or is undefined; the parameters'
/// gradients are summed over `shared`.
tensor_list norm_gradients(const Tensor& dy, const Tensor& x, const Tensor& weight, IntList dims,
                           IntList shared, double eps);

/// Throws unless t, if defined, has this shape and the type of the input.
void check_norm_parameter(const OpInfo& info, const char* name, const Tensor& t, IntList shape,
                          Dtype dtype);
/// Throws unless dy is as x.
void check_norm_gradient(const OpInfo& info, const Tensor& dy, const Tensor& x);

/// Normalisation as its formula reads, element by element: the slow truth.
struct SlowNorm {
  using Place = std::function<int64_t(const Shape& index)>;
  Place group;      ///< which elements are normalised together
  Place parameter;  ///< which weight and bias an element has
  double eps = 1e-5;
  /// Of each group where they are not x's own.
  std::vector<double> mean, var;

  /// weight and bias may be undefined.
  Tensor y(const Tensor& x, const Tensor& weight, const Tensor& bias) const;
  /// dx, and dweight and dbias of `parameters` elements.
  tensor_list gradients(const Tensor& dy, const Tensor& x, const Tensor& weight,
                        int64_t parameters) const;
  /// Mean and biased variance of a group, and how many elements it has.
  struct Moments {
    double mean, var, count;
  };
  Moments moments(const Tensor& x, int64_t of_group) const;
};

}  // namespace taper::ops
