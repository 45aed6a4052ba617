#include "autograd/kernels/gemm.h"

#include <dnnl.h>

#include <concepts>
#include <limits>

#include "autograd/kernels/blas.h"
#include "autograd/kernels/parallel.h"
#include "autograd/kernels/wrapping.h"
#include "autograd/tensor/dtype.h"
#include "autograd/tensor/error.h"

namespace taper::kernels {

/// Row-major form of a matrix for BLAS: whether it is read transposed, and its leading dimension.
template <class T>
static std::pair<bool, int64_t> blas_form(const Matrix<T>& m) {
  if (m.column == 1 && (m.row >= m.columns || m.rows <= 1))
    return {false, std::max<int64_t>(m.row, std::max<int64_t>(m.columns, 1))};
  TAPER_ASSERT(m.row == 1 || m.rows <= 1);
  return {true, std::max<int64_t>(m.column, std::max<int64_t>(m.rows, 1))};
}

/// On so many threads.
static void multiply(Matrix<const float> a, Matrix<const float> b, Matrix<float> c, float beta,
                     int threads) {
  auto [ta, lda] = blas_form(a);
  auto [tb, ldb] = blas_form(b);
  ThreadsScope scope(threads);
  dnnl_status_t status = dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', c.rows, c.columns, a.columns,
                                    1.0f, a.data, lda, b.data, ldb, beta, c.data, c.row);
  if (status != dnnl_success)
    fail("matmul", "oneDNN cannot multiply [{}, {}] and [{}, {}]: status {}", a.rows, a.columns,
         b.rows, b.columns, int(status));
}

/// BLAS counts in int.
static int blas_int(int64_t n) {
  constexpr int64_t most = std::numeric_limits<int>::max();
  if (n > most)
    fail("matmul", "a matrix with a size or stride of {}; expected at most {}", n, most);
  return int(n);
}

static void multiply(Matrix<const double> a, Matrix<const double> b, Matrix<double> c, double beta,
                     int threads) {
  auto [ta, lda] = blas_form(a);
  auto [tb, ldb] = blas_form(b);
  ThreadsScope scope(threads);
  dgemm(ta, tb, blas_int(c.rows), blas_int(c.columns), blas_int(a.columns), a.data, blas_int(lda),
        b.data, blas_int(ldb), beta, c.data, blas_int(c.row));
}

template <std::integral T>
static void multiply(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, T beta, int) {
  using Sum = Wrapping<accumulator_of<T>>;
  for (int64_t i = 0; i < c.rows; ++i)
    for (int64_t j = 0; j < c.columns; ++j) {
      T& out = c.data[i * c.row + j * c.column];
      Sum sum = beta != T(0) ? Sum(out) : Sum(0);
      for (int64_t k = 0; k < a.columns; ++k)
        sum += Sum(a.data[i * a.row + k * a.column]) * Sum(b.data[k * b.row + j * b.column]);
      out = T(sum);
    }
}

static double products(int64_t rows, int64_t columns, int64_t inner) {
  return double(rows) * double(columns) * double(inner);
}

/// Parts that a product is cut into along c's longer side, by its shape alone; 1: it is left whole.
static int64_t fixed_parts(int64_t rows, int64_t columns, int64_t inner) {
  constexpr int64_t narrowest = 64;
  auto worth = int64_t(products(rows, columns, inner) / parallel_products);
  return std::clamp<int64_t>(std::min(worth, std::max(rows, columns) / narrowest), 1,
                             most_fixed_parts);
}

/// Each part as one thread computes it: libraries cut a product by their number of threads.
template <class T>
static void multiply_in_fixed_parts(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, T beta) {
  constexpr int64_t unit = 16;  // a multiple of the libraries' vectors and rows of registers
  int64_t parts = fixed_parts(c.rows, c.columns, a.columns);
  bool by_rows = c.rows >= c.columns;
  int64_t side = by_rows ? c.rows : c.columns;
  auto edge = [=](int64_t p) { return p == parts ? side : side * p / parts / unit * unit; };
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      int64_t first = edge(p), count = edge(p + 1) - first;
      if (by_rows)
        multiply(a.narrow_rows(first, count), b, c.narrow_rows(first, count), beta, 1);
      else
        multiply(a, b.narrow_columns(first, count), c.narrow_columns(first, count), beta, 1);
    }
  });
}

template <class T>
void gemm(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, bool accumulate) {
  if (c.rows == 0 || c.columns == 0) return;
  if (a.columns == 0) {
    for (int64_t i = 0; i < c.rows && !accumulate; ++i)
      std::fill_n(c.data + i * c.row, c.columns, T(0));
    return;
  }
  if (deterministic()) return multiply_in_fixed_parts(a, b, c, T(accumulate));
  multiply(a, b, c, T(accumulate), threads_for_products(products(c.rows, c.columns, a.columns)));
}

/// From so many multiplications on, all threads share a product; smaller ones of a batch are
/// spread over the threads.
static constexpr double shared_products = 16e6;

void gemm_batch(int64_t n, int64_t products, const std::function<void(int64_t s)>& multiply) {
  bool shared = double(products) >= shared_products;
  int64_t grain = grain_for(cost::product * double(products));
  parallel_for(n, shared ? n : grain, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) multiply(s);
  });
}

#define ROW(name, type, ...) \
  template void gemm<type>(Matrix<const type>, Matrix<const type>, Matrix<type>, bool);
TAPER_DTYPES(ROW)
#undef ROW

}  // namespace taper::kernels
