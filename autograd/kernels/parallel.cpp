#include "autograd/kernels/parallel.h"

#include <omp.h>
#include <unistd.h>

#include "autograd/tensor/error.h"

namespace taper {

static thread_local int threads_here = 0;

/// What a thread starts with: OpenMP is told as well, so that libraries on it keep to the number.
static int first_number() {
  if (gettid() == getpid()) return omp_get_max_threads();
  omp_set_num_threads(1);
  return 1;
}

int get_num_threads() {
  if (omp_in_parallel()) return 1;
  if (threads_here == 0) threads_here = first_number();
  return threads_here;
}

void set_num_threads(int threads) {
  if (threads < 1) fail("set_num_threads", "{} threads; expected at least 1", threads);
  threads_here = threads;
  omp_set_num_threads(threads);
}

namespace kernels {

ThreadsScope::ThreadsScope(int threads) : before_(omp_get_max_threads()) {
  if (threads != before_) omp_set_num_threads(threads);
}

ThreadsScope::~ThreadsScope() {
  if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
}

}  // namespace kernels

}  // namespace taper
