#pragma once

#include "autograd/kernels/strided_loop.h"

namespace taper::kernels {

struct SgdFactors {
  double lr, momentum;
  double gain;  ///< of the gradient in the momentum buffer
  double weight_decay;
  bool nesterov;
};

/// A step of SGD; without memory for momentum, or with all of it.
template <class T>
void sgd_step(const Buffer& x, const Buffer& grad, const Buffer& momentum, const SgdFactors& f) {
  T *px = x.as<T>(), *pm = momentum.as<T>();
  const T* pg = grad.as<T>();
  T lr = T(f.lr), mu = T(f.momentum), gain = T(f.gain), decay = T(f.weight_decay);
  bool nesterov = f.nesterov;
  auto update = [=](int64_t ix, int64_t ig, int64_t im) {
    T g = pg[ig] + decay * px[ix];
    if (pm) {
      T m = pm[im] = mu * pm[im] + gain * g;
      g = nesterov ? g + mu * m : m;
    }
    px[ix] -= lr * g;
  };
  Shape none(x.sizes.size(), 0);
  parallel_strided_loop<3>(
      x.sizes, {Shape(x.strides), Shape(grad.strides), pm ? Shape(momentum.strides) : none},
      [=](auto at, int64_t n, auto step) {
        for (int64_t i = 0; i < n; ++i)
          update(at[0] + i * step[0], at[1] + i * step[1], at[2] + i * step[2]);
      });
}

}  // namespace taper::kernels
