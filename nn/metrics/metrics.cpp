#include "nn/metrics/metrics.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper::metrics {

static void check(std::string_view op, const Tensor& logits, const Tensor& labels) {
  if (logits.dim() != 2 || labels.dim() != 1 || logits.size(0) != labels.size(0))
    fail(op, "logits of shape {} and labels of shape {}; expected [N, C] and [N]", logits.sizes(),
         labels.sizes());
  if (labels.dtype() != int64) fail(op, "the labels are {}; expected int64", labels.dtype());
  if (logits.numel() == 0) fail(op, "the logits have shape {}; expected some", logits.sizes());
}

int64_t right_answers(const Tensor& logits, const Tensor& labels) {
  check("right_answers", logits, labels);
  NoGradGuard no_grad;
  return logits.argmax(1).eq(labels).sum().item<int64_t>();
}

double accuracy(const Tensor& logits, const Tensor& labels) {
  check("accuracy", logits, labels);
  return double(right_answers(logits, labels)) / double(labels.numel());
}

Interval interval95(int64_t right, int64_t all) {
  if (all < 1 || right < 0 || right > all)
    fail("interval95", "{} right of {}; expected 0 to all of 1 or more", right, all);
  static const double z = quantile(boost::math::normal(), 0.975);
  double n = double(all), p = double(right) / n;
  double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Tensor confusion_matrix(const Tensor& logits, const Tensor& labels, int64_t classes) {
  check("confusion_matrix", logits, labels);
  NoGradGuard no_grad;
  Tensor read = logits.argmax(1), matrix = zeros({classes, classes}, {.dtype = int64}),
         truth = labels.contiguous();
  auto* counts = matrix.data_ptr<int64_t>();
  for (int64_t i = 0; i < truth.numel(); ++i) {
    int64_t is = truth.data_ptr<int64_t>()[i], as = read.data_ptr<int64_t>()[i];
    if (is < 0 || is >= classes || as >= classes)
      fail_index("confusion_matrix", "row {} is class {} and read as {}; expected 0 to {}", i, is,
                 as, classes - 1);
    ++counts[is * classes + as];
  }
  return matrix;
}

MeanOfRuns mean_of_runs(std::span<const double> values) {
  if (values.empty()) fail("mean_of_runs", "no values; expected 1 or more");
  for (double v : values)
    if (!(v >= 0 && v <= 1)) fail("mean_of_runs", "a value is {}; expected rates, 0 to 1", v);
  double n = double(values.size());
  double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  auto [low, high] = std::minmax_element(values.begin(), values.end());
  double half = std::numeric_limits<double>::infinity();
  if (values.size() > 1) {
    double squares = 0;
    for (double v : values) squares += (v - mean) * (v - mean);
    double t = quantile(boost::math::students_t(n - 1), 0.975);
    half = t * std::sqrt(squares / (n - 1) / n);
  }
  return {mean, *low, *high, {std::max(0.0, mean - half), std::min(1.0, mean + half)}};
}

}  // namespace taper::metrics
