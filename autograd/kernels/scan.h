#pragma once

#include "autograd/kernels/reduce.h"
#include "autograd/kernels/wrapping.h"

namespace taper::kernels {

/// Running sums of x (of T) along one dimension, kept in Acc and written to y (of Y). One line
/// after the other or, where that follows the memory, neighbouring ones together.
template <class T, class Acc, class Y>
class RunningSums {
 public:
  RunningSums(const Buffer& x, const Buffer& y, DimMask along)
      : from_(x, along), to_(y, along), x_(x.as<T>()), y_(y.as<Y>()) {
    if (from_.reduced_sizes.empty()) return;
    x_step_ = from_.reduced_strides[0];
    y_step_ = to_.reduced_strides[0];
  }
  void run() const {
    parallel_for(from_.outputs, grain_for(cost::scan * double(from_.count)),
                 [&](int64_t begin, int64_t end) {
                   while (begin < end) {
                     int64_t n = std::min({end - begin, width, from_.side_by_side(begin)});
                     n > 1 ? several(begin, n) : one(begin);
                     begin += n;
                   }
                 });
  }

 private:
  static constexpr int64_t width = 256;

  void one(int64_t i) const {
    const T* x = x_ + from_.start(i);
    Y* y = y_ + to_.start(i);
    Acc sum = 0;
    for (int64_t k = 0; k < from_.count; ++k) {
      sum += Acc(x[k * x_step_]);
      y[k * y_step_] = Y(sum);
    }
  }
  void several(int64_t i, int64_t n) const {
    int64_t x_apart = from_.kept_strides.back(), y_apart = to_.kept_strides.back();
    Acc sums[width] = {};
    for (int64_t k = 0; k < from_.count; ++k) {
      const T* x = x_ + from_.start(i) + k * x_step_;
      Y* y = y_ + to_.start(i) + k * y_step_;
      for (int64_t j = 0; j < n; ++j) {
        sums[j] += Acc(x[j * x_apart]);
        y[j * y_apart] = Y(sums[j]);
      }
    }
  }

  Reduction from_, to_;
  const T* x_;
  Y* y_;
  int64_t x_step_ = 0, y_step_ = 0;
};

}  // namespace taper::kernels
