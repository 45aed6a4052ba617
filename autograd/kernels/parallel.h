#pragma once

#include <algorithm>
#include <cstdint>

#include "autograd/tensor/threads.h"

namespace taper::kernels {

/// The one cost model: what work costs on one core, in nanoseconds (Xeon with AVX-512, 2.7 GHz,
/// memory in the second cache; "each" is an element of float32). A thread of its own gets work that
/// outweighs its start; less stays on the calling one.
namespace cost {
inline constexpr double start = 3000;             ///< of a thread that sleeps; 700 where it spins
inline constexpr double product = 1 / 85.0;       ///< a multiplication in matrices, convolutions
inline constexpr double few_products = 1 / 75.0;  ///< the same in the direct convolution
inline constexpr double fetched = 0.8;            ///< each, that another thread has just written
inline constexpr double pointwise = 0.063;     ///< a byte of the widest operand; see pointwise.cpp
inline constexpr double call = 4;              ///< a function that has no vectors, each
inline constexpr double copy = 0.08;           ///< each, also of rows of a table
inline constexpr double turned_copy = 0.18;    ///< each, between dimensions that lie across
inline constexpr double sum = 0.055;           ///< each
inline constexpr double scan = 0.48;           ///< each
inline constexpr double extremum = 0.6;        ///< each, with its place
inline constexpr double softmax = 0.45;        ///< each, with exp or log; cross entropy too
inline constexpr double softmax_input = 0.12;  ///< each, from what softmax gave
inline constexpr double layer_norm = 0.16;     ///< each, of rows or of columns
inline constexpr double batch_norm = 0.06;     ///< each, each pass
inline constexpr double pool = 0.25;           ///< each of the larger side
inline constexpr double pool_whole = 0.12;     ///< each cell of windows without padding
inline constexpr double adam = 0.36;           ///< each
inline constexpr double sgd = 0.1;             ///< each
}  // namespace cost

/// How many items that cost so much each, in nanoseconds, outweigh the start of a thread, which
/// costs more where it first fetches what all parts share.
constexpr int64_t grain_for(double each, double start = cost::start) {
  return each > 0 ? int64_t(start / each) + 1 : int64_t(1) << 40;
}

/// The grain of a plain loop over elements.
inline constexpr int64_t parallel_grain = 1 << 15;

/// A library that is given two threads cuts work less evenly than parallel_for: as many
/// multiplications outweigh their start.
inline constexpr double parallel_products = 4 * cost::start / cost::product;

/// With deterministic(true), a convolution's batch is cut into so many parts at most, for every
/// number of threads.
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
    const bool before = deterministic();
    deterministic(same_bits);  // the caller's mode
    f(n * p / parts, n * (p + 1) / parts);
    deterministic(before);
  }
}

}  // namespace taper::kernels
