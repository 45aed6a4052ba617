#pragma once

#include "autograd/tensor/tensor.h"

/// Initial values, as PyTorch draws them for the same seed. All write in place, unrecorded, and
/// return the tensor.
namespace taper::nn::init {

Tensor uniform_(const Tensor& t, double from = 0, double to = 1);
Tensor normal_(const Tensor& t, double mean = 0, double std = 1);
Tensor constant_(const Tensor& t, Scalar value);
Tensor zeros_(const Tensor& t);
Tensor ones_(const Tensor& t);

/// Which side of a layer keeps its variance: forward or backward.
enum class FanMode { fan_in, fan_out };
/// What comes after the layer.
enum class Nonlinearity { linear, conv, sigmoid, tanh, relu, leaky_relu };

/// The factor by which a nonlinearity wants wider weights; a: leaky_relu's slope.
double calculate_gain(Nonlinearity nonlinearity, double a = 0.01);

/// How many values a weight [out, in, ...] takes and gives: in and out times the size of the rest.
/// Throws below 2 dimensions.
struct Fans {
  int64_t in, out;
};
Fans fans(const Tensor& weight);

/// He et al. 2015: U(-b, b), b = gain sqrt(3 / fan).
Tensor kaiming_uniform_(const Tensor& t, double a = 0, FanMode mode = FanMode::fan_in,
                        Nonlinearity nonlinearity = Nonlinearity::leaky_relu);
/// N(0, gain^2 / fan)
Tensor kaiming_normal_(const Tensor& t, double a = 0, FanMode mode = FanMode::fan_in,
                       Nonlinearity nonlinearity = Nonlinearity::leaky_relu);
/// Glorot & Bengio 2010: U(-b, b), b = gain sqrt(6 / (in + out)).
Tensor xavier_uniform_(const Tensor& t, double gain = 1);
/// N(0, 2 gain^2 / (in + out))
Tensor xavier_normal_(const Tensor& t, double gain = 1);

/// PyTorch's default of linear and convolution layers: weight, then bias if defined, from
/// U(-1/sqrt(fan in), 1/sqrt(fan in)).
void default_(const Tensor& weight, const Tensor& bias);

}  // namespace taper::nn::init
