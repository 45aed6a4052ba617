#pragma once

#include <cstdint>
#include <functional>

#include "autograd/tensor/scratch.h"

namespace taper::kernels {

/// A matrix in memory: element (i, j) at data[i * row + j * column]; one of the two strides is 1.
template <class T>
struct Matrix {
  T* data;
  int64_t rows, columns;
  int64_t row, column;

  Matrix transposed() const { return {data, columns, rows, column, row}; }
  Matrix rows_from(int64_t begin, int64_t n) const {
    return {data + begin * row, n, columns, row, column};
  }
  Matrix columns_from(int64_t begin, int64_t n) const {
    return {data + begin * column, rows, n, row, column};
  }
};

/// What the elements of a product begin with: element (i, j) at data[i * row + j]; 0 without data.
template <class T>
struct Start {
  const T* data = nullptr;
  int64_t row = 0;  ///< 0: all rows begin with the same

  Start from(int64_t i, int64_t j) const { return {data ? data + i * row + j : nullptr, row}; }
};

/// c = a b + start; c is row-major and may be start. Each element of a floating type is summed in
/// an order that the shapes and strides alone decide, for every number of threads.
template <class T>
void gemm(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, Start<T> start = {});

/// A copy of a floating matrix in the layout that products read it in, where it stands on the right
/// of several.
template <class T>
class PackedMatrix {
 public:
  explicit PackedMatrix(Matrix<const T> b);
  const void* data() const { return scratch_.data(); }

 private:
  Scratch scratch_;
};

/// c = a b + start
template <class T>
void gemm(Matrix<const T> a, const PackedMatrix<T>& b, Matrix<T> c, Start<T> start = {});

/// Calls multiply(s) for s < n, products of matrices of so many multiplications each: several at
/// once on threads of their own, or one after the other on all threads.
void gemm_batch(int64_t n, int64_t products, const std::function<void(int64_t s)>& multiply);

}  // namespace taper::kernels
