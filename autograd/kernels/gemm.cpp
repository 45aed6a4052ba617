#include "autograd/kernels/gemm.h"

#include <dnnl.h>

#include "autograd/kernels/blas.h"
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

static void multiply(Matrix<const float> a, Matrix<const float> b, Matrix<float> c, float beta) {
  auto [ta, lda] = blas_form(a);
  auto [tb, ldb] = blas_form(b);
  dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', c.rows, c.columns, a.columns, 1.0f, a.data, lda,
             b.data, ldb, beta, c.data, c.row);
}

static void multiply(Matrix<const double> a, Matrix<const double> b, Matrix<double> c,
                     double beta) {
  auto [ta, lda] = blas_form(a);
  auto [tb, ldb] = blas_form(b);
  dgemm(ta, tb, int(c.rows), int(c.columns), int(a.columns), a.data, int(lda), b.data, int(ldb),
        beta, c.data, int(c.row));
}

template <class T>
static void multiply(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, T beta) {
  for (int64_t i = 0; i < c.rows; ++i)
    for (int64_t j = 0; j < c.columns; ++j) {
      int64_t sum = 0;
      for (int64_t k = 0; k < a.columns; ++k)
        sum +=
            int64_t(a.data[i * a.row + k * a.column]) * int64_t(b.data[k * b.row + j * b.column]);
      T& out = c.data[i * c.row + j * c.column];
      out = T(sum + (beta != T(0) ? int64_t(out) : 0));
    }
}

template <class T>
void gemm(Matrix<const T> a, Matrix<const T> b, Matrix<T> c, bool accumulate) {
  if (c.rows == 0 || c.columns == 0) return;
  if (a.columns == 0) {
    for (int64_t i = 0; i < c.rows && !accumulate; ++i)
      std::fill_n(c.data + i * c.row, c.columns, T(0));
    return;
  }
  multiply(a, b, c, T(accumulate));
}

#define ROW(name, type, ...) \
  template void gemm<type>(Matrix<const type>, Matrix<const type>, Matrix<type>, bool);
TAPER_DTYPES(ROW)
#undef ROW

}  // namespace taper::kernels
