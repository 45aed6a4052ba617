#pragma once

#include <limits>

#include "autograd/kernels/reduce.h"

namespace taper::kernels {

/// Whether v displaces the best value so far: larger (or smaller) than it, or the first NaN.
template <bool largest, class T>
bool beats(T v, T best) {
  return (largest ? v > best : v < best) || (v != v && best == best);
}

/// Keeps the best element (for `reduce`).
template <bool largest, class T>
struct ExtremumFold {
  using Acc = T;
  Acc init() const {
    using Limits = std::numeric_limits<T>;
    if constexpr (Limits::has_infinity) return largest ? -Limits::infinity() : Limits::infinity();
    return largest ? Limits::lowest() : Limits::max();
  }
  void run(Acc& acc, const T* x, int64_t n, int64_t step) const {
    constexpr int64_t lanes = 32;  // a comparison waits for the last one
    int64_t i = 0;
    if (step == 1 && n >= lanes) {
      T best[lanes];
      std::fill_n(best, lanes, acc);
      for (; i + lanes <= n; i += lanes)
        for (int64_t k = 0; k < lanes; ++k) best[k] = better(x[i + k], best[k]);
      for (T b : best) acc = better(b, acc);
    }
    for (; i < n; ++i) acc = better(x[i * step], acc);
  }
  void rows(Acc* acc, const T* x, int64_t rows, int64_t step, int64_t n, int64_t apart) const {
    for (int64_t r = 0; r < rows; ++r, x += step)
      for (int64_t j = 0; j < n; ++j) acc[j] = better(x[j * apart], acc[j]);
  }
  void merge(Acc& acc, const Acc& other) const { acc = better(other, acc); }

 private:
  static T better(T v, T best) {
    bool displaces = (largest ? v > best : v < best) | (v != v);  // without a jump
    return displaces ? v : best;
  }
};

/// For each output the best of its elements and where it lies among them, counted in row-major
/// order: the first of equal ones. There is at least one. One output after the other or, where that
/// follows the memory, neighbouring ones together.
template <bool largest, class T>
class Extremum {
 public:
  Extremum(const Buffer& x, const Buffer& values, const Buffer& indices, DimMask reduced)
      : r_(x, reduced),
        walk_(r_.reduced_sizes, {r_.reduced_strides}),
        x_(x.as<T>()),
        values_(values.as<T>()),
        indices_(indices.as<int64_t>()) {}

  void run() const {
    parallel_for(r_.outputs, grain_for(cost::extremum * double(r_.count)),
                 [&](int64_t begin, int64_t end) {
                   T best[width];
                   int64_t where[width];
                   for (int64_t n = 0; begin < end; begin += n) {
                     n = std::min({end - begin, width, r_.side_by_side(begin)});
                     n > 1 ? several(begin, n, best, where) : one(begin, *best, *where);
                     if (values_) std::copy_n(best, n, values_ + begin);
                     if (indices_) std::copy_n(where, n, indices_ + begin);
                   }
                 });
  }

 private:
  static constexpr int64_t width = 256;

  void one(int64_t i, T& best_out, int64_t& where_out) const {
    const T* from = x_ + r_.start(i);
    T best = *from;
    int64_t where = 0, seen = 0;
    auto inner = [&](const auto& at, int64_t n, const auto& step) {
      const T* run = from + at[0];
      for (int64_t k = 0; k < n; ++k, ++seen)
        if (T v = run[k * step[0]]; beats<largest>(v, best)) {
          best = v;
          where = seen;
        }
    };
    walk_.run(0, r_.count, inner);
    best_out = best;
    where_out = where;
  }
  void several(int64_t i, int64_t outputs, T* best, int64_t* where) const {
    const T* from = x_ + r_.start(i);
    int64_t apart = r_.kept_strides.back(), seen = 0;
    for (int64_t j = 0; j < outputs; ++j) best[j] = from[j * apart];
    std::fill_n(where, outputs, 0);
    auto inner = [&](const auto& at, int64_t n, const auto& step) {
      for (int64_t k = 0; k < n; ++k, ++seen) {
        const T* run = from + at[0] + k * step[0];
        for (int64_t j = 0; j < outputs; ++j) {
          T v = run[j * apart];
          bool displaces = beats<largest>(v, best[j]);
          best[j] = displaces ? v : best[j];
          where[j] = displaces ? seen : where[j];
        }
      }
    };
    walk_.run(0, r_.count, inner);
  }

  Reduction r_;
  Walk<1> walk_;
  const T* x_;
  T* values_;
  int64_t* indices_;
};

/// The best elements and where they lie, as Extremum finds them. values and indices (int64) are
/// packed; either may be left out.
template <bool largest, class T>
void extremum(const Buffer& x, const Buffer& values, const Buffer& indices, DimMask reduced) {
  if (indices) return Extremum<largest, T>(x, values, indices, reduced).run();
  reduce<T, T>(x, values, reduced, ExtremumFold<largest, T>(), [](T v) { return v; });
}

}  // namespace taper::kernels
