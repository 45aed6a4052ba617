// The report's network follows PyTorch's losses, epoch for epoch.

#include <taper.h>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include <optional>

#include "examples/optdigits/network.h"
#include "tests/golden/golden.h"

namespace {

using namespace taper;

constexpr double tolerance = 1e-4;

double train_epoch(ReportNet& net, const data::TensorDataset& set, optim::SGD& sgd) {
  double total = 0;
  for (auto [images, labels] : data::DataLoader(set, {.batch_size = 64, .shuffle = true})) {
    sgd.zero_grad();
    Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    sgd.step();
    total += loss.item<double>() * double(labels.numel());
  }
  return total / double(set.size());
}

int64_t right_answers(const ReportNet& net, const data::TensorDataset& set) {
  NoGradGuard no_grad;
  return metrics::right_answers(net(set.images()), set.labels());
}

void follow(const golden::Training& golden, const data::Digits& digits) {
  ReportNet net;
  manual_seed(golden.seed);
  net.draw();
  optim::SGD sgd(net.parameters(), {.lr = 0.2});
  for (size_t epoch = 0; epoch < golden.losses.size(); ++epoch) {
    double loss = train_epoch(net, digits.train, sgd);
    BOOST_TEST(std::abs(loss / golden.losses[epoch] - 1) <= tolerance,
               "seed " << golden.seed << " epoch " << epoch + 1 << ": loss " << loss
                       << " instead of " << golden.losses[epoch]);
    // a picture may lie within rounding of the boundary between two classes
    BOOST_TEST(std::abs(right_answers(net, digits.train) - golden.train_right[epoch]) <= 2);
    BOOST_TEST(std::abs(right_answers(net, digits.test) - golden.test_right[epoch]) <= 2);
  }
}

data::TensorDataset rows(const data::TensorDataset& set, int64_t first, int64_t count) {
  return {set.images().narrow(0, first, count), set.labels().narrow(0, first, count)};
}

/// What optdigits() gives, or nothing where neither mirror, address nor (if it will do) the package
/// has the files.
std::optional<data::Digits> digits(bool substitute, const char* test) {
  try {
    return data::optdigits({.substitute = substitute});
  } catch (const Error& error) {
    fmt::print(stderr, "{}: skipped: {}\n", test, error.what());
    return {};
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optdigits_training)

BOOST_AUTO_TEST_CASE(follows_pytorch_on_the_official_files) {
  auto data = digits(false, "follows_pytorch_on_the_official_files");
  if (!data) return;
  BOOST_TEST(data->train.size() == 3823);
  BOOST_TEST(data->test.size() == 1797);
  for (const auto& training : golden::trainings("official")) follow(training, *data);
}

BOOST_AUTO_TEST_CASE(follows_pytorch_on_the_fallback_images) {
  auto data = digits(true, "follows_pytorch_on_the_fallback_images");
  if (!data) return;
  // The substitute's images are the official test file, row by row.
  bool official = data->test.size() == 1797;
  data::Digits fallback =
      official ? data::Digits{rows(data->test, 0, 1347), rows(data->test, 1347, 450)} : *data;
  BOOST_TEST(fallback.train.size() == 1347);
  BOOST_TEST(fallback.test.size() == 450);
  for (const auto& training : golden::trainings("fallback")) follow(training, fallback);
}

BOOST_AUTO_TEST_SUITE_END()
