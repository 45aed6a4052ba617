#pragma once

#include <cstdint>

#include "autograd/kernels/wrapping.h"
#include "autograd/tensor/dtype.h"

namespace taper::kernels {

/// The sum of n elements that lie one behind the other.
double sum_of(const float* x, int64_t n);
double sum_of(const double* x, int64_t n);

/// acc[j] += the sum over rows of x[row * step + j], for n columns.
void add_rows(const float* x, int64_t rows, int64_t step, int64_t n, double* acc);
void add_rows(const double* x, int64_t rows, int64_t step, int64_t n, double* acc);

/// Adds up elements of T (for `reduce`): floating ones in vectors of doubles, whose order depends
/// on the count alone.
template <class T>
struct SumFold {
  using Acc = Wrapping<accumulator_of<T>>;
  static constexpr bool floating = std::is_floating_point_v<T>;

  Acc init() const { return 0; }
  void run(Acc& acc, const T* x, int64_t n, int64_t step) const {
    if constexpr (floating)
      if (step == 1) return void(acc += sum_of(x, n));
    for (int64_t i = 0; i < n; ++i) acc += Acc(x[i * step]);
  }
  void rows(Acc* acc, const T* x, int64_t rows, int64_t step, int64_t n, int64_t apart) const {
    if constexpr (floating)
      if (apart == 1) return add_rows(x, rows, step, n, acc);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t j = 0; j < n; ++j) acc[j] += Acc(x[r * step + j * apart]);
  }
  void merge(Acc& acc, const Acc& other) const { acc += other; }
};

}  // namespace taper::kernels
