#pragma once

#include "autograd/kernels/strided_loop.h"

namespace taper::kernels {

/// Dimensions of a tensor, a bit each.
using DimMask = uint32_t;
static_assert(max_dims <= 32);
inline bool has(DimMask mask, size_t d) { return mask >> d & 1; }

/// A reduction as two nested walks: `kept` dimensions, one output element each, and `reduced` ones.
struct Reduction {
  Shape kept_sizes, kept_strides;
  Shape reduced_sizes, reduced_strides;
  int64_t outputs = 1, count = 1;

  Reduction(const Buffer& x, DimMask reduced) {
    for (size_t d = 0; d < x.sizes.size(); ++d) {
      (has(reduced, d) ? reduced_sizes : kept_sizes).push_back(x.sizes[d]);
      (has(reduced, d) ? reduced_strides : kept_strides).push_back(x.strides[d]);
      (has(reduced, d) ? count : outputs) *= x.sizes[d];
    }
  }
  /// Where output element `flat` starts in x.
  int64_t start(int64_t flat) const {
    int64_t at = 0;
    for (size_t d = kept_sizes.size(); d-- > 0; flat /= kept_sizes[d])
      at += flat % kept_sizes[d] * kept_strides[d];
    return at;
  }
  /// How many outputs from `flat` on lie one behind the other in the last kept dimension; 1 if
  /// they lie farther apart than what is added up.
  int64_t side_by_side(int64_t flat) const {
    if (kept_sizes.empty() || reduced_sizes.empty()) return 1;
    if (kept_strides.back() >= reduced_strides.back()) return 1;
    return kept_sizes.back() - flat % kept_sizes.back();
  }
};

/// y[i] = finish(fold of step over the reduced elements of x, in row-major order, starting from
/// init), written to y, which is packed. step(acc, value). One output after the other, or where
/// that follows the memory, neighbouring ones together.
template <class T, class Acc, class Y, class Step, class Finish>
class Fold {
 public:
  Fold(const Buffer& x, const Buffer& y, DimMask reduced, Acc init, Step step, Finish finish)
      : r_(x, reduced), x_(x.as<T>()), y_(y.as<Y>()), init_(init), step_(step), finish_(finish) {}

  void run() const {
    parallel_for(r_.outputs, parallel_grain / std::max<int64_t>(r_.count, 1) + 1,
                 [&](int64_t begin, int64_t end) {
                   while (begin < end) {
                     int64_t n = std::min({end - begin, width, r_.side_by_side(begin)});
                     n > 1 ? several(begin, n) : one(begin);
                     begin += n;
                   }
                 });
  }

 private:
  static constexpr int64_t width = 256;

  void one(int64_t i) const {
    Acc acc = init_;
    const T* from = x_ + r_.start(i);
    strided_loop<1>(r_.reduced_sizes, {r_.reduced_strides}, [&](auto at, int64_t n, auto stride) {
      const T* run = from + at[0];
      for (int64_t k = 0; k < n; ++k) step_(acc, run[k * stride[0]]);
    });
    y_[i] = finish_(acc);
  }
  void several(int64_t i, int64_t outputs) const {
    Acc acc[width];
    std::fill_n(acc, outputs, init_);
    const T* from = x_ + r_.start(i);
    int64_t apart = r_.kept_strides.back();
    strided_loop<1>(r_.reduced_sizes, {r_.reduced_strides}, [&](auto at, int64_t n, auto stride) {
      for (int64_t k = 0; k < n; ++k) {
        const T* run = from + at[0] + k * stride[0];
        for (int64_t j = 0; j < outputs; ++j) step_(acc[j], run[j * apart]);
      }
    });
    for (int64_t j = 0; j < outputs; ++j) y_[i + j] = finish_(acc[j]);
  }

  Reduction r_;
  const T* x_;
  Y* y_;
  Acc init_;
  Step step_;
  Finish finish_;
};

template <class T, class Acc, class Y, class Step, class Finish>
void reduce(const Buffer& x, const Buffer& y, DimMask reduced, Acc init, Step step, Finish finish) {
  Fold<T, Acc, Y, Step, Finish>(x, y, reduced, init, step, finish).run();
}

}  // namespace taper::kernels
