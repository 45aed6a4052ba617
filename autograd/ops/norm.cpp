#include "autograd/ops/norm.h"

#include <cmath>

#include "autograd/kernels/norm_simd.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/blocks.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

int64_t norm_block(const Tensor& x) {
  int64_t block = x.dtype() == float32 ? block_of(x) : 0;
  return block == 8 || block == kernels::norm_lanes ? block : 0;
}

Buffer memory_of(const Tensor& t, const kernels::NormPlanes& p) {
  return p.block > 1 ? in_blocks(t) : plain(t);
}

tensor_list norm_gradients(const Tensor& dy, const Tensor& x, const Tensor& weight, IntList dims,
                           IntList shared, double eps) {
  Tensor centred = x - x.mean(dims, true);
  Tensor rstd = 1 / (centred.square().mean(dims, true) + eps).sqrt();
  Tensor xhat = centred * rstd;
  Tensor g = weight.defined() ? dy * weight : dy;
  Tensor dx = rstd * (g - g.mean(dims, true) - xhat * (g * xhat).mean(dims, true));
  return {dx, (dy * xhat).sum(shared), dy.sum(shared)};
}

void check_norm_parameter(const OpInfo& info, const char* name, const Tensor& t, IntList shape,
                          Dtype dtype) {
  if (!t.defined()) return;
  if (!(t.sizes() == shape))
    fail(info.name, "{} has shape {}; expected {}", name, t.sizes(), shape);
  if (t.dtype() != dtype)
    fail(info.name, "{} is {}, the input {}; expected one type", name, t.dtype(), dtype);
}

void check_norm_gradient(const OpInfo& info, const Tensor& dy, const Tensor& x) {
  if (!x.is_floating_point())
    fail(info.name, "the input is {}; expected a floating type", x.dtype());
  if (!(dy.sizes() == x.sizes()) || dy.dtype() != x.dtype())
    fail(info.name, "dy is {} of shape {}; expected the input's {} of shape {}", dy.dtype(),
         dy.sizes(), x.dtype(), x.sizes());
}

SlowNorm::Moments SlowNorm::moments(const Tensor& x, int64_t of_group) const {
  double count = 0, sum = 0, squares = 0;
  for_each_index(x.sizes(), [&](const Shape& i) {
    if (group(i) != of_group) return;
    sum += element_at(x, i);
    count += 1;
  });
  double m = mean.empty() ? sum / count : mean[size_t(of_group)];
  for_each_index(x.sizes(), [&](const Shape& i) {
    if (group(i) == of_group) squares += (element_at(x, i) - m) * (element_at(x, i) - m);
  });
  return {m, var.empty() ? squares / count : var[size_t(of_group)], count};
}

/// Parameter p of the weights, 1 without.
static double weight_at(const Tensor& weight, int64_t p) {
  return weight.defined() ? element_at(reshaped(weight, weight.numel()), {p}) : 1;
}

Tensor SlowNorm::y(const Tensor& x, const Tensor& weight, const Tensor& bias) const {
  return tabulate(x.sizes(), float64, [&](const Shape& i) {
    Moments m = moments(x, group(i));
    double xhat = (element_at(x, i) - m.mean) / std::sqrt(m.var + eps);
    double shift = bias.defined() ? weight_at(bias, parameter(i)) : 0;
    return weight_at(weight, parameter(i)) * xhat + shift;
  });
}

tensor_list SlowNorm::gradients(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                int64_t parameters) const {
  Tensor dx = zeros(x.sizes(), {.dtype = float64}),
         dweight = zeros({parameters}, {.dtype = float64}),
         dbias = zeros({parameters}, {.dtype = float64});
  for_each_index(x.sizes(), [&](const Shape& j) {
    Moments m = moments(x, group(j));
    double rstd = 1 / std::sqrt(m.var + eps), xhat_j = (element_at(x, j) - m.mean) * rstd;
    element_of(dweight, {parameter(j)}) += element_at(dy, j) * xhat_j;
    element_of(dbias, {parameter(j)}) += element_at(dy, j);
    double dxhat_j = element_at(dy, j) * weight_at(weight, parameter(j));
    for_each_index(x.sizes(), [&](const Shape& i) {  // dxhat_j / dx_i
      if (group(i) != group(j)) return;
      double slope = i == j ? rstd : 0;
      if (mean.empty()) slope -= rstd * (1 + (element_at(x, i) - m.mean) * rstd * xhat_j) / m.count;
      element_of(dx, i) += dxhat_j * slope;
    });
  });
  return {dx, dweight, dbias};
}

}  // namespace taper::ops
