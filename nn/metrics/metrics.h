#pragma once

#include <span>
#include <vector>

#include "autograd/tensor/tensor.h"

namespace taper::metrics {

/// How many rows have their largest logit at their label. logits: [N, C]; labels: [N] of int64
int64_t right_answers(const Tensor& logits, const Tensor& labels);
/// The part of right answers, 0 to 1.
double accuracy(const Tensor& logits, const Tensor& labels);

struct Interval {
  double low, high;
};

/// Where the true rate lies with 95 % confidence after `right` of `all` cases (Wilson 1927), 0
/// to 1.
Interval interval95(int64_t right, int64_t all);

/// Of each class (rows) how many were read as which (columns): [classes, classes] of int64.
Tensor confusion_matrix(const Tensor& logits, const Tensor& labels, int64_t classes);

/// Mean, extremes, and where the mean of many more such values lies with 95 % confidence, by
/// Student's t.
struct MeanOfRuns {
  double mean, lowest, highest;
  Interval interval95;  ///< infinite for a single value
};
MeanOfRuns mean_of_runs(std::span<const double> values);

}  // namespace taper::metrics
