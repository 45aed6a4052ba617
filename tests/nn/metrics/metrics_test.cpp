#include "nn/metrics/metrics.h"

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

namespace {

using namespace taper;
using taper::test::error_text;

std::string percent(metrics::Interval i) {
  return fmt::format("{:.2f}-{:.2f}", 100 * i.low, 100 * i.high);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics_)

BOOST_AUTO_TEST_CASE(accuracy_counts_the_largest_logits) {
  Tensor logits = tensor({{1.0, 2.0, 0.0}, {3.0, 1.0, 2.0}, {0.0, 0.5, 0.25}, {0.0, 0.0, 9.0}});
  Tensor labels = tensor({1, 0, 2, 2});
  BOOST_TEST(metrics::right_answers(logits, labels) == 3);
  BOOST_TEST(metrics::accuracy(logits, labels) == 0.75);
  Tensor m = metrics::confusion_matrix(logits, labels, 3);
  BOOST_TEST(m[2][1].item<int64_t>() == 1);
  BOOST_TEST(m[2][2].item<int64_t>() == 1);
  BOOST_TEST(m.sum().item<int64_t>() == 4);
}

BOOST_AUTO_TEST_CASE(wilsons_interval) {
  BOOST_TEST(percent(metrics::interval95(1726, 1797)) == "95.05-96.86");
  BOOST_TEST(percent(metrics::interval95(0, 10)) == "0.00-27.75");
  BOOST_TEST(percent(metrics::interval95(10, 10)) == "72.25-100.00");
}

BOOST_AUTO_TEST_CASE(students_interval_of_the_mean) {
  metrics::MeanOfRuns runs = metrics::mean_of_runs(std::vector<double>{0.9494, 0.9516, 0.9610});
  BOOST_TEST(fmt::format("{:.4f} {:.4f} {:.4f}", runs.mean, runs.lowest, runs.highest) ==
             "0.9540 0.9494 0.9610");
  BOOST_TEST(percent(runs.interval95) == "93.87-96.93");
  metrics::MeanOfRuns one = metrics::mean_of_runs(std::vector<double>{0.5});
  BOOST_TEST(one.mean == 0.5);
  BOOST_TEST(percent(one.interval95) == "0.00-100.00");
  BOOST_TEST(percent(metrics::mean_of_runs(std::vector{0.99, 0.90}).interval95) == "37.32-100.00");
}

BOOST_AUTO_TEST_CASE(refuses_what_does_not_fit) {
  Tensor logits = zeros({4, 3});
  BOOST_TEST(error_text([&] { metrics::accuracy(logits, zeros({3}, {.dtype = int64})); }) ==
             "accuracy: logits of shape [4, 3] and labels of shape [3]; expected [N, C] and [N]");
  BOOST_TEST(error_text([&] { metrics::accuracy(logits, zeros({4})); }) ==
             "accuracy: the labels are float32; expected int64");
  BOOST_TEST(error_text([&] {
               metrics::right_answers(zeros({0, 3}), zeros({0}, {.dtype = int64}));
             }) == "right_answers: the logits have shape [0, 3]; expected some");
  BOOST_TEST(error_text([&] {
               metrics::confusion_matrix(logits, tensor({0, 1, 5, 0}), 3);
             }) == "confusion_matrix: row 2 is class 5 and read as 0; expected 0 to 2");
  BOOST_TEST(error_text([&] {
               metrics::confusion_matrix(logits, tensor({-1, 1, 2, 0}), 3);
             }) == "confusion_matrix: row 0 is class -1 and read as 0; expected 0 to 2");
  BOOST_TEST(error_text([] { metrics::interval95(5, 4); }) ==
             "interval95: 5 right of 4; expected 0 to all of 1 or more");
  BOOST_TEST(error_text([] { metrics::mean_of_runs({}); }) ==
             "mean_of_runs: no values; expected 1 or more");
  BOOST_TEST(error_text([] { metrics::mean_of_runs(std::vector{95.4}); }) ==
             "mean_of_runs: a value is 95.4; expected rates, 0 to 1");
}

BOOST_AUTO_TEST_SUITE_END()
