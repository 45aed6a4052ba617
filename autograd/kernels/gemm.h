#pragma once

#include <cstdint>
#include <functional>

namespace taper::kernels {

/// A matrix in memory: element (i, j) at data[i * row + j * column]; one of the two strides is 1.
template <class T>
struct Matrix {
  T* data;
  int64_t rows, columns;
  int64_t row, column;

  Matrix transposed() const { return {data, columns, rows, column, row}; }
  Matrix narrow_rows(int64_t first, int64_t count) const {
    return {data + first * row, count, columns, row, column};
  }
  Matrix narrow_columns(int64_t first, int64_t count) const {
    return {data + first * column, rows, count, row, column};
  }
};

/// c = a b, or c += a b; c row-major. float through oneDNN, double through BLAS, integers by a
/// plain loop.
template <class T>
void gemm(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, bool accumulate = false);

/// Calls multiply(s) for s < n, products of matrices of so many multiplications each: several at
/// once on threads of their own, or one after the other on all threads.
void gemm_batch(int64_t n, int64_t products, const std::function<void(int64_t s)>& multiply);

}  // namespace taper::kernels
