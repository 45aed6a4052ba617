#pragma once

#include <cmath>

#include "autograd/kernels/parallel.h"
#include "autograd/kernels/strided_loop.h"

namespace taper::kernels {

/// What a step of Adam or AdamW needs beside its tensors.
struct AdamFactors {
  double beta1, beta2, eps;
  double lr;
  double correction1, correction2;  ///< 1 - beta^t
  double weight_decay;
  bool decoupled;  ///< AdamW: the parameter shrinks by itself, its gradient stays
};

/// n elements of a parameter, with their distances in memory; max may be null.
template <class T>
struct AdamRun {
  T* x;
  const T* grad;
  T *avg, *sq, *max;
  int64_t x_step = 1, grad_step = 1, avg_step = 1, sq_step = 1, max_step = 1;
};

template <class T>
void adam_run(const AdamRun<T>& r, int64_t n, const AdamFactors& f) {
  T shrink = T(f.decoupled ? 1 - f.lr * f.weight_decay : 1);
  T decay = T(f.decoupled ? 0 : f.weight_decay);
  T beta2 = T(f.beta2), rest1 = T(1 - f.beta1), rest2 = T(1 - f.beta2), eps = T(f.eps);
  T size = T(f.lr / f.correction1), root = T(std::sqrt(f.correction2));
  for (int64_t i = 0; i < n; ++i) {
    T& x = r.x[i * r.x_step];
    T &avg = r.avg[i * r.avg_step], &sq = r.sq[i * r.sq_step];
    T g = r.grad[i * r.grad_step] + decay * x;
    avg += rest1 * (g - avg);
    sq = beta2 * sq + rest2 * g * g;
    T square = sq;
    if (r.max) {
      T& max = r.max[i * r.max_step];
      square = max = max < sq || sq != sq ? sq : max;
    }
    x = shrink * x - size * (avg / (std::sqrt(square) / root + eps));
  }
}

/// A step of one parameter; max_sq may be empty.
template <class T>
void adam_step(const Buffer& x, const Buffer& grad, const Buffer& avg, const Buffer& sq,
               const Buffer& max_sq, const AdamFactors& f) {
  Shape none(x.sizes.size(), 0);
  strided_loop<5>(
      x.sizes,
      {Shape(x.strides), Shape(grad.strides), Shape(avg.strides), Shape(sq.strides),
       max_sq ? Shape(max_sq.strides) : none},
      [&](auto at, int64_t n, auto step) {
        parallel_for(n, parallel_grain / 4, [&](int64_t begin, int64_t end) {
          auto place = [&](size_t k) { return at[k] + begin * step[k]; };
          adam_run<T>({x.as<T>() + place(0), grad.as<const T>() + place(1), avg.as<T>() + place(2),
                       sq.as<T>() + place(3), max_sq ? max_sq.as<T>() + place(4) : nullptr, step[0],
                       step[1], step[2], step[3], step[4]},
                      end - begin, f);
        });
      });
}

}  // namespace taper::kernels
