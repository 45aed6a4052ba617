#pragma once

#include "autograd/kernels/reduce.h"

namespace taper::kernels {

/// Whether v displaces the best value so far: larger (or smaller) than it, or the first NaN.
template <bool largest, class T>
bool beats(T v, T best) {
  return (largest ? v > best : v < best) || (v != v && best == best);
}

/// For each output the best of its elements and where it lies among them, counted in row-major
/// order: the first of equal ones. There is at least one. values and indices (int64) are packed;
/// either may be left out.
template <bool largest, class T>
void extremum(const Buffer& x, const Buffer& values, const Buffer& indices, DimMask reduced) {
  Reduction r(x, reduced);
  parallel_for(r.outputs, parallel_grain / r.count + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* from = x.as<T>() + r.start(i);
      T best = *from;
      int64_t where = 0, seen = 0;
      strided_loop<1>(r.reduced_sizes, {r.reduced_strides}, [&](auto at, int64_t n, auto step) {
        const T* run = from + at[0];
        for (int64_t k = 0; k < n; ++k, ++seen)
          if (T v = run[k * step[0]]; beats<largest>(v, best)) {
            best = v;
            where = seen;
          }
      });
      if (values) values.as<T>()[i] = best;
      if (indices) indices.as<int64_t>()[i] = where;
    }
  });
}

}  // namespace taper::kernels
