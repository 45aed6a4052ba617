#pragma once

#include <cstdint>

namespace taper::kernels {

/// A matrix in memory: element (i, j) at data[i * row + j * column]; one of the two strides is 1.
template <class T>
struct Matrix {
  T* data;
  int64_t rows, columns;
  int64_t row, column;

  Matrix transposed() const { return {data, columns, rows, column, row}; }
};

/// c = a b, or c += a b; c row-major. float through oneDNN, double through BLAS, integers by a
/// plain loop.
template <class T>
void gemm(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, bool accumulate = false);

}  // namespace taper::kernels
