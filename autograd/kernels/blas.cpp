#include "autograd/kernels/blas.h"

#include <cblas.h>
#include <dlfcn.h>

#include <mutex>

#include "autograd/kernels/parallel.h"
#include "autograd/tensor/error.h"

namespace taper::kernels {

namespace {

struct Blas {
  decltype(&cblas_dgemm) dgemm;
  bool shares_threads;  ///< built on OpenMP, whose threads are ours too

  Blas() {
    library_ = dlopen(TAPER_BLAS, RTLD_NOW | RTLD_LOCAL);
    if (!library_) fail("matmul", "cannot load the BLAS: {}", dlerror());
    dgemm = find<decltype(dgemm)>("cblas_dgemm");
    auto parallel = find<decltype(&openblas_get_parallel)>("openblas_get_parallel");
    shares_threads = parallel() == OPENBLAS_OPENMP;
    // A pool of its own would crowd out OpenMP's.
    if (!shares_threads) find<decltype(&openblas_set_num_threads)>("openblas_set_num_threads")(1);
  }

 private:
  template <class F>
  F find(const char* name) {
    void* symbol = dlsym(library_, name);
    if (!symbol) fail("matmul", "the BLAS {} has no {}", TAPER_BLAS, name);
    return reinterpret_cast<F>(symbol);
  }
  void* library_;
};

}  // namespace

void dgemm(bool ta, bool tb, int rows, int columns, int inner, const double* a, int lda,
           const double* b, int ldb, double beta, double* c, int ldc) {
  static const Blas blas;
  static std::mutex mutex;
  std::unique_lock lock(mutex, std::defer_lock);
  // It takes OpenMP's number of the calling thread, which get_num_threads sees to, and keeps the
  // last one in a global of its own: calls on several threads go one by one.
  if (get_num_threads() > 1 && blas.shares_threads) lock.lock();
  blas.dgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, rows,
             columns, inner, 1.0, a, lda, b, ldb, beta, c, ldc);
}

}  // namespace taper::kernels
