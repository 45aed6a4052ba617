#include "nn/init/init.h"

#include <cmath>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/error.h"

namespace taper::nn::init {

Tensor uniform_(const Tensor& t, double from, double to) {
  NoGradGuard no_grad;
  return t.uniform_(from, to);
}

Tensor normal_(const Tensor& t, double mean, double std) {
  NoGradGuard no_grad;
  return t.normal_(mean, std);
}

Tensor constant_(const Tensor& t, Scalar value) {
  NoGradGuard no_grad;
  return t.fill_(value);
}

Tensor zeros_(const Tensor& t) { return constant_(t, 0); }
Tensor ones_(const Tensor& t) { return constant_(t, 1); }

double calculate_gain(Nonlinearity nonlinearity, double a) {
  switch (nonlinearity) {
    case Nonlinearity::tanh: return 5.0 / 3;
    case Nonlinearity::relu: return std::sqrt(2.0);
    case Nonlinearity::leaky_relu: return std::sqrt(2 / (1 + a * a));
    default: return 1;
  }
}

static Fans fans_of(std::string_view op, const Tensor& weight) {
  if (weight.dim() < 2)
    fail(op, "the tensor has shape {}; expected 2 or more dimensions", weight.sizes());
  int64_t field = numel(weight.sizes().slice(2));
  return {weight.size(1) * field, weight.size(0) * field};
}

Fans fans(const Tensor& weight) { return fans_of("fans", weight); }

static double kaiming_std(std::string_view op, const Tensor& t, double a, FanMode mode,
                          Nonlinearity nonlinearity) {
  Fans f = fans_of(op, t);
  return calculate_gain(nonlinearity, a) / std::sqrt(mode == FanMode::fan_in ? f.in : f.out);
}

static double xavier_std(std::string_view op, const Tensor& t, double gain) {
  Fans f = fans_of(op, t);
  return gain * std::sqrt(2.0 / double(f.in + f.out));
}

Tensor kaiming_uniform_(const Tensor& t, double a, FanMode mode, Nonlinearity nonlinearity) {
  double bound = std::sqrt(3.0) * kaiming_std("kaiming_uniform_", t, a, mode, nonlinearity);
  return uniform_(t, -bound, bound);
}

Tensor kaiming_normal_(const Tensor& t, double a, FanMode mode, Nonlinearity nonlinearity) {
  return normal_(t, 0, kaiming_std("kaiming_normal_", t, a, mode, nonlinearity));
}

Tensor xavier_uniform_(const Tensor& t, double gain) {
  double bound = std::sqrt(3.0) * xavier_std("xavier_uniform_", t, gain);
  return uniform_(t, -bound, bound);
}

Tensor xavier_normal_(const Tensor& t, double gain) {
  return normal_(t, 0, xavier_std("xavier_normal_", t, gain));
}

void default_(const Tensor& weight, const Tensor& bias) {
  kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  double bound = 1 / std::sqrt(fans(weight).in);
  uniform_(bias, -bound, bound);
}

}  // namespace taper::nn::init
