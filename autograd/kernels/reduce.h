#pragma once

#include "autograd/kernels/parallel.h"
#include "autograd/kernels/strided_loop.h"

namespace taper::kernels {

/// A reduction as two nested walks: `kept` dimensions, one output element each, and `reduced` ones.
struct Reduction {
  Shape kept_sizes, kept_strides;
  Shape reduced_sizes, reduced_strides;
  int64_t outputs = 1, count = 1;

  Reduction(const Buffer& x, const std::vector<bool>& reduced) {
    for (size_t d = 0; d < reduced.size(); ++d) {
      (reduced[d] ? reduced_sizes : kept_sizes).push_back(x.sizes[d]);
      (reduced[d] ? reduced_strides : kept_strides).push_back(x.strides[d]);
      (reduced[d] ? count : outputs) *= x.sizes[d];
    }
  }
  /// Where output element `flat` starts in x.
  int64_t start(int64_t flat) const {
    int64_t at = 0;
    for (size_t d = kept_sizes.size(); d-- > 0; flat /= kept_sizes[d])
      at += flat % kept_sizes[d] * kept_strides[d];
    return at;
  }
};

/// y[i] = finish(fold of step over the reduced elements of x, in row-major order, starting from
/// init); y is packed. step(acc, value).
template <class T, class Acc, class Y, class Step, class Finish>
void reduce(const Buffer& x, const Buffer& y, const std::vector<bool>& reduced, Acc init, Step step,
            Finish finish) {
  Reduction r(x, reduced);
  const T* px = x.as<T>();
  Y* py = y.as<Y>();
  parallel_for(r.outputs, parallel_grain / std::max<int64_t>(r.count, 1) + 1,
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   Acc acc = init;
                   const T* from = px + r.start(i);
                   strided_loop<1>(r.reduced_sizes, {r.reduced_strides},
                                   [&](auto at, int64_t n, auto stride) {
                                     const T* run = from + at[0];
                                     for (int64_t k = 0; k < n; ++k) step(acc, run[k * stride[0]]);
                                   });
                   py[i] = finish(acc);
                 }
               });
}

}  // namespace taper::kernels
