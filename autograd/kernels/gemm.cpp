#include "autograd/kernels/gemm.h"

#include <concepts>

#include "autograd/kernels/gemm_simd.h"
#include "autograd/kernels/parallel.h"
#include "autograd/kernels/wrapping.h"
#include "autograd/tensor/dtype.h"

namespace taper::kernels {

namespace {

/// With at most so many rows or columns, vectors run along both factors where they lie.
constexpr int64_t few = 8;
/// Threads get multiples of so many rows.
constexpr int64_t row_unit = 8;
/// An element takes as long to copy as so many multiplications.
constexpr double copied_element = 20;
/// A line of the cache that two threads write takes as long as so many.
constexpr double torn_line = 5000;
/// Elements of T in a line: threads get multiples of so many columns.
template <class T>
constexpr int64_t line = 64 / sizeof(T);

bool worth_threads(int64_t rows, int64_t columns, int64_t inner) {
  return threads_for_products(double(rows) * double(columns) * double(inner)) > 1;
}

/// Calls f(first, how many) for parts of [0, n) that are multiples of `unit`, on all threads.
template <class F>
void share(int64_t n, int64_t unit, const F& f) {
  parallel_for((n + unit - 1) / unit, 1, [&](int64_t begin, int64_t end) {
    f(begin * unit, std::min(end * unit, n) - begin * unit);
  });
}

/// The longest of the threads' parts over an even one.
double imbalance(int64_t n, int64_t unit) {
  int64_t units = (n + unit - 1) / unit, threads = get_num_threads();
  int64_t largest = (units + threads - 1) / threads * unit;
  return double(largest * threads) / double(n);
}

/// Whether threads share the columns: each reads the left factor, copying it where its rows lie
/// across, and rows that are no whole lines are torn. Or the rows: each reads the right factor,
/// copying it as a rule.
template <class T>
bool shares_columns(const Matrix<const T>& a, const Matrix<T>& c) {
  const int64_t threads = get_num_threads();
  const double repeated = copied_element * double(threads - 1);
  const double torn = c.row % line<T> == 0 ? 0 : torn_line * double(threads) / double(a.columns);
  const double left = (repeated * (a.column == 1 ? 0.5 : 1) + torn) / double(c.columns);
  const double right = repeated / double(c.rows);
  return imbalance(c.columns, line<T>) * (1 + left) <= imbalance(c.rows, row_unit) * (1 + right);
}

template <class T>
using Multiply = void (*)(const Matrix<const T>&, const Matrix<const T>&, const Matrix<T>&,
                          const Start<T>&);

template <class T>
void multiply_shared(Multiply<T> multiply, const Matrix<const T>& a, const Matrix<const T>& b,
                     const Matrix<T>& c, const Start<T>& start) {
  if (shares_columns(a, c))
    share(c.columns, line<T>, [&](int64_t j, int64_t n) {
      multiply(a, b.columns_from(j, n), c.columns_from(j, n), start.from(0, j));
    });
  else
    share(c.rows, row_unit, [&](int64_t i, int64_t n) {
      multiply(a.rows_from(i, n), b, c.rows_from(i, n), start.from(i, 0));
    });
}

template <std::floating_point T>
void multiply(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,
              const Start<T>& start) {
  // One column is one row of the product turned round, whose right factor need not be copied.
  if (c.columns == 1 && c.rows > 1 && c.row == 1 && (!start.data || start.row == 1))
    return multiply<T>(b.transposed(), a.transposed(), {c.data, 1, c.rows, c.rows, 1},
                       {start.data, 0});
  bool along = a.column == 1 && b.row == 1 && std::min(c.rows, c.columns) <= few;
  Multiply<T> by = along ? multiply_dots<T> : multiply_tiles<T>;
  if (worth_threads(c.rows, c.columns, a.columns)) return multiply_shared<T>(by, a, b, c, start);
  by(a, b, c, start);
}

template <std::integral T>
void multiply(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,
              const Start<T>& start) {
  using Sum = Wrapping<accumulator_of<T>>;
  for (int64_t i = 0; i < c.rows; ++i)
    for (int64_t j = 0; j < c.columns; ++j) {
      Sum sum = start.data ? Sum(start.data[i * start.row + j]) : Sum(0);
      for (int64_t k = 0; k < a.columns; ++k)
        sum += Sum(a.data[i * a.row + k * a.column]) * Sum(b.data[k * b.row + j * b.column]);
      c.data[i * c.row + j] = T(sum);
    }
}

}  // namespace

template <class T>
void gemm(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, Start<T> start) {
  if (c.rows > 0 && c.columns > 0) multiply<T>(a, b, c, start);
}

template <class T>
PackedMatrix<T>::PackedMatrix(Matrix<const T> b)
    : scratch_(size_t(panel_elements<T>(b.rows, b.columns)) * sizeof(T)) {
  pack_panels<T>(b, static_cast<T*>(scratch_.data()));
}

template <class T>
void gemm(Matrix<const T> a, const PackedMatrix<T>& b, Matrix<T> c, Start<T> start) {
  if (c.rows == 0 || c.columns == 0) return;
  const T* panels = static_cast<const T*>(b.data());
  if (!worth_threads(c.rows, c.columns, a.columns))
    return multiply_panels<T>(a, panels, c.columns, 0, c, start);
  share(c.columns, panel_columns<T>(), [&](int64_t j, int64_t n) {
    multiply_panels<T>(a, panels, c.columns, j, c.columns_from(j, n), start.from(0, j));
  });
}

/// From so many multiplications on, all threads share a product; smaller ones of a batch are
/// spread over the threads.
static constexpr double shared_products = 16e6;

void gemm_batch(int64_t n, int64_t products, const std::function<void(int64_t s)>& multiply) {
  bool shared = double(products) >= shared_products;
  int64_t grain = int64_t(parallel_products / double(std::max<int64_t>(products, 1))) + 1;
  parallel_for(n, shared ? n : grain, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) multiply(s);
  });
}

#define ROW(name, type, ...) \
  template void gemm<type>(Matrix<const type>, Matrix<const type>, Matrix<type>, Start<type>);
TAPER_DTYPES(ROW)
#undef ROW

#define FOR_TYPE(T)               \
  template class PackedMatrix<T>; \
  template void gemm<T>(Matrix<const T>, const PackedMatrix<T>&, Matrix<T>, Start<T>);
FOR_TYPE(float)
FOR_TYPE(double)
#undef FOR_TYPE

}  // namespace taper::kernels
