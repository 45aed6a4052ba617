#include "autograd/kernels/parallel.h"

#include <omp.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

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

static bool& deterministic_switch() {
  static const bool first = [] {
    const char* set = std::getenv("TAPER_DETERMINISTIC");
    return set && *set && std::strcmp(set, "0") != 0;
  }();
  static thread_local bool on = first;
  return on;
}

bool deterministic() { return deterministic_switch(); }
void deterministic(bool on) { deterministic_switch() = on; }

namespace kernels {

static thread_local constinit int eager_scopes = 0;

EagerThreads::EagerThreads() { ++eager_scopes; }
EagerThreads::~EagerThreads() { --eager_scopes; }
bool EagerThreads::on() { return eager_scopes > 0; }

int threads_for(int64_t parts) { return parts <= 1 ? 1 : get_num_threads(); }

int threads_for_products(double products) {
  int all = get_num_threads();  // sets OpenMP's number on a thread's first use
  return products < parallel_products && !EagerThreads::on() ? 1 : all;
}

ThreadsScope::ThreadsScope(int threads) : before_(omp_get_max_threads()) {
  if (threads != before_) omp_set_num_threads(threads);
}

ThreadsScope::~ThreadsScope() {
  if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
}

}  // namespace kernels

}  // namespace taper
