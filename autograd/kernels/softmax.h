#pragma once

#include "autograd/tensor/buffer.h"

namespace taper::kernels {

/// A tensor [outer, classes, inner] as outer * inner rows, each along the middle dimension.
struct SoftmaxRows {
  int64_t outer = 1, classes = 1, inner = 1;

  SoftmaxRows(IntList sizes, size_t dim) {
    for (size_t d = 0; d < sizes.size(); ++d)
      (d < dim ? outer : d == dim ? classes : inner) *= sizes[d];
  }
  int64_t count() const { return outer * inner; }
  /// Where row r starts; its elements are `inner` apart.
  int64_t start(int64_t r) const { return r / inner * classes * inner + r % inner; }
};

// All buffers are packed.

/// y = exp(x) / sum(exp(x)) of each row, or its logarithm.
void softmax(const SoftmaxRows& rows, bool log, const Buffer& x, const Buffer& y);
/// dx = y (dy - sum(dy y)) of each row, or, of the logarithm, dy - exp(y) sum(dy).
void softmax_input(const SoftmaxRows& rows, bool log, const Buffer& dy, const Buffer& y,
                   const Buffer& dx);

/// A target of cross entropy: which class each row has, or how much of each class.
struct CrossEntropyTarget {
  Buffer classes;        ///< [rows] int64, or empty
  Buffer probabilities;  ///< as x, or empty
  Buffer weight;         ///< [classes], or empty: all 1
  int64_t ignore_index = -100;
  double label_smoothing = 0;

  /// What mean divides by: the weights of the rows' classes, or the number of rows.
  double divisor(const SoftmaxRows& rows) const;
};

/// losses[r] (double) = -sum over c of q log(softmax(x))), q being the target smoothed and
/// weighted.
void cross_entropy(const SoftmaxRows& rows, const CrossEntropyTarget& target, const Buffer& x,
                   double* losses);
/// dx = (sum(q) softmax(x) - q) dy / divisor; dy has an element for each row, or one for all.
void cross_entropy_input(const SoftmaxRows& rows, const CrossEntropyTarget& target, double divisor,
                         const Buffer& dy, const Buffer& x, const Buffer& dx);

}  // namespace taper::kernels
