// The demo's network and training follow PyTorch's losses, epoch for epoch.

#include <taper.h>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include <optional>

#include "examples/optdigits/training.h"
#include "tests/golden/golden.h"

namespace {

using namespace taper;

constexpr double tolerance = 1e-4;

void follow(const golden::Training& golden, const data::Digits& digits) {
  Model model = make_model("report", golden.seed);
  std::vector<Epoch> history = train(model, digits, int64_t(golden.losses.size()));
  BOOST_REQUIRE(history.size() == golden.losses.size());
  for (size_t i = 0; i < history.size(); ++i) {
    const Epoch& epoch = history[i];
    BOOST_TEST(std::abs(epoch.loss / golden.losses[i] - 1) <= tolerance,
               "seed " << golden.seed << " epoch " << i + 1 << ": loss " << epoch.loss
                       << " instead of " << golden.losses[i]);
    // a picture may lie within rounding of the boundary between two classes
    BOOST_TEST(std::abs(epoch.train_right - golden.train_right[i]) <= 2);
    BOOST_TEST(std::abs(epoch.test_right - golden.test_right[i]) <= 2);
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
