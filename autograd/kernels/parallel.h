#pragma once

#include <algorithm>
#include <cstdint>

#include "autograd/tensor/threads.h"

namespace taper::kernels {

/// Below this many elements a loop stays on the calling thread.
inline constexpr int64_t parallel_grain = 1 << 15;

/// As many multiplications outweigh the start of a second thread: below, products of matrices and
/// convolutions stay on the calling one.
inline constexpr double parallel_products = 1e6;

/// While it lives, libraries on OpenMP use so many threads.
class ThreadsScope {
 public:
  explicit ThreadsScope(int threads);
  ~ThreadsScope();
  ThreadsScope(const ThreadsScope&) = delete;
  ThreadsScope& operator=(const ThreadsScope&) = delete;

 private:
  int before_;
};

/// Calls f(begin, end) over parts of [0, n), on several threads where each gets at least `grain`.
template <class F>
void parallel_for(int64_t n, int64_t grain, const F& f) {
  int64_t parts = n / std::max<int64_t>(grain, 1);
  int threads = parts <= 1 ? 1 : int(std::min<int64_t>(get_num_threads(), parts));
  if (threads <= 1) return f(int64_t(0), n);
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (int t = 0; t < threads; ++t) f(n * t / threads, n * (t + 1) / threads);
}

}  // namespace taper::kernels
