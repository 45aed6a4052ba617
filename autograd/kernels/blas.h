#pragma once

namespace taper::kernels {

/// c = a b + beta c in double, row-major, on at most the threads of the calling thread; ta, tb:
/// read transposed. rows and columns are c's; lda, ldb, ldc the distances of rows in memory. The
/// BLAS is loaded with the first call: a program that multiplies no doubles need not wait for it.
void dgemm(bool ta, bool tb, int rows, int columns, int inner, const double* a, int lda,
           const double* b, int ldb, double beta, double* c, int ldc);

}  // namespace taper::kernels
