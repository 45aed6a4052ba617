#pragma once

#include <span>
#include <vector>

#include "autograd/tensor/tensor.h"

namespace taper::metrics {

/// How many rows have their largest logit at their label. logits: [N, C]; labels: [N] of int64
int64_t right_answers(const Tensor& logits, const Tensor& labels);
/// The part of right answers, 0 to 1.
double accuracy(const Tensor& logits, const Tensor& labels);

/// From low to high, both included.
struct Interval {
  double low, high;
};

/// Where the true rate lies with 95 % confidence after `right` of `all` cases (Wilson 1927), 0
/// to 1.
Interval interval95(int64_t right, int64_t all);

/// Of each class (rows) how many were read as which (columns): [classes, classes] of int64.
Tensor confusion_matrix(const Tensor& logits, const Tensor& labels, int64_t classes);

/// What rates, 0 to 1, come to: mean, extremes, and where the mean of many more such rates lies
/// with 95 % confidence, by Student's t, cut to 0..1.
struct MeanOfRuns {
  double mean, lowest, highest;
  Interval interval95;  ///< 0 to 1 for a single value, which says nothing about it
};
MeanOfRuns mean_of_runs(std::span<const double> values);

}  // namespace taper::metrics
