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
  bool packed() const {
    bool all = x_step == 1 && grad_step == 1 && avg_step == 1 && sq_step == 1;
    return all && (!max || max_step == 1);
  }

  T* x;
  const T* grad;
  T *avg, *sq, *max;
  int64_t x_step = 1, grad_step = 1, avg_step = 1, sq_step = 1, max_step = 1;
};

/// The factors as the loop over the elements uses them.
template <class T>
struct AdamValues {
  explicit AdamValues(const AdamFactors& f)
      : shrink(T(f.decoupled ? 1 - f.lr * f.weight_decay : 1)),
        decay(T(f.decoupled ? 0 : f.weight_decay)),
        beta2(T(f.beta2)),
        rest1(T(1 - f.beta1)),
        rest2(T(1 - f.beta2)),
        eps(T(f.eps)),
        size(T(f.lr / f.correction1)),
        scale(T(1 / std::sqrt(f.correction2))) {}
  T shrink, decay, beta2, rest1, rest2, eps, size, scale;
};

/// adam_run of packed memory, in vectors.
template <class T>
void adam_packed(const AdamRun<T>& r, int64_t n, const AdamValues<T>& f);
template <>
void adam_packed(const AdamRun<float>& r, int64_t n, const AdamValues<float>& f);
template <>
void adam_packed(const AdamRun<double>& r, int64_t n, const AdamValues<double>& f);

/// adam_run of strided memory, through packed blocks: it steps to the very numbers of packed
/// memory.
template <class T>
void adam_strided(const AdamRun<T>& r, int64_t n, const AdamValues<T>& f) {
  constexpr int64_t block = 64;
  T x[block], grad[block], avg[block], sq[block], max[block];
  for (int64_t from = 0; from < n; from += block) {
    int64_t count = std::min(block, n - from);
    auto load = [&](const T* p, int64_t step, T* to) {
      for (int64_t i = 0; i < count; ++i) to[i] = p[(from + i) * step];
    };
    auto store = [&](const T* of, T* p, int64_t step) {
      for (int64_t i = 0; i < count; ++i) p[(from + i) * step] = of[i];
    };
    load(r.x, r.x_step, x);
    load(r.grad, r.grad_step, grad);
    load(r.avg, r.avg_step, avg);
    load(r.sq, r.sq_step, sq);
    if (r.max) load(r.max, r.max_step, max);
    adam_packed(AdamRun<T>{x, grad, avg, sq, r.max ? max : nullptr}, count, f);
    store(x, r.x, r.x_step);
    store(avg, r.avg, r.avg_step);
    store(sq, r.sq, r.sq_step);
    if (r.max) store(max, r.max, r.max_step);
  }
}

template <class T>
void adam_run(const AdamRun<T>& r, int64_t n, const AdamFactors& factors) {
  AdamValues<T> f(factors);
  r.packed() ? adam_packed(r, n, f) : adam_strided(r, n, f);
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
        parallel_for(n, grain_for(cost::adam), [&](int64_t begin, int64_t end) {
          auto place = [&](size_t k) { return at[k] + begin * step[k]; };
          adam_run<T>({x.as<T>() + place(0), grad.as<const T>() + place(1), avg.as<T>() + place(2),
                       sq.as<T>() + place(3), max_sq ? max_sq.as<T>() + place(4) : nullptr, step[0],
                       step[1], step[2], step[3], step[4]},
                      end - begin, f);
        });
      });
}

}  // namespace taper::kernels
