#pragma once

#include <algorithm>
#include <cstdint>

#include "autograd/tensor/threads.h"

namespace taper::kernels {

/// What work costs on one core, in nanoseconds (Xeon with AVX-512, 2.7 GHz): all that is known when
/// threads are chosen. A thread of its own gets work that outweighs its start; less stays on the
/// calling one.
namespace cost {
/// Starting a thread: 0.7 us where it spins, 3 us where it sleeps.
inline constexpr double start = 3000;
/// An element of a loop in vectors over the caches.
inline constexpr double element = start / (1 << 15);
/// A byte from or to the second cache.
inline constexpr double byte = 0.008;
/// A multiplication in products of matrices and convolutions.
inline constexpr double product = 1 / 85.0;
}  // namespace cost

/// Below this many elements a loop stays on the calling thread.
inline constexpr int64_t parallel_grain = int64_t(cost::start / cost::element);

/// As many multiplications outweigh the start of a second thread: below, products of matrices and
/// convolutions stay on the calling one.
inline constexpr double parallel_products = 1e6;

/// With deterministic(true), sums over parts of a batch or of a matrix are cut into so many parts
/// at most, for every number of threads.
inline constexpr int64_t most_fixed_parts = 16;

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

/// While it lives, threads start on the calling thread however small the work: for tests.
class EagerThreads {
 public:
  EagerThreads();
  ~EagerThreads();
  EagerThreads(const EagerThreads&) = delete;
  EagerThreads& operator=(const EagerThreads&) = delete;
  static bool on();
};

/// The threads that start for work of so many parts, each of which outweighs a start: one or all.
/// OpenMP ends threads that a smaller team leaves out, and making them again takes 50 us.
int threads_for(int64_t parts);
/// The threads on which a library computes a product or convolution of so many multiplications.
int threads_for_products(double products);

/// Calls f(begin, end) over parts of [0, n), on several threads where each gets at least `grain`.
template <class F>
void parallel_for(int64_t n, int64_t grain, const F& f) {
  int64_t parts = EagerThreads::on() ? n : n / std::max<int64_t>(grain, 1);
  int threads = threads_for(parts);
  if (threads <= 1) return f(int64_t(0), n);
  parts = std::min<int64_t>(parts, threads);
  const bool same_bits = deterministic();
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (int64_t p = 0; p < parts; ++p) {
    deterministic(same_bits);  // the caller's mode
    f(n * p / parts, n * (p + 1) / parts);
  }
}

}  // namespace taper::kernels
