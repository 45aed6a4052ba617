// The report's network learns UCI's handwritten digits.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "autograd/tensor/error.h"
#include "examples/optdigits/options.h"
#include "examples/optdigits/results.h"
#include "examples/optdigits/text_file.h"
#include "nn/metrics/metrics.h"

using namespace taper;

struct Result {
  double accuracy;    ///< on the test images, 0 to 1
  std::string files;  ///< what was written, for the last lines
};

/// Trains with one seed and writes its results.
static Result run(const Options& options, uint64_t seed, const data::Digits& digits) {
  std::string folder = options.seeds ? fmt::format("{}/seed-{}", options.out, seed) : options.out;
  make_folder(folder);
  Model model = make_model(options.model, seed);
  fmt::print("seed {}, {}\n", seed, model.module);
  std::vector<Epoch> history = train(model, digits, options.epochs);
  std::vector<std::string> names = write_results(folder, model, history, digits.test);
  return {history.back().test_accuracy,
          fmt::format("files in {}: {}\n", folder, fmt::join(names, " "))};
}

static void print_accuracy(const std::vector<double>& accuracies, int64_t images) {
  if (accuracies.size() == 1) {
    auto right = int64_t(std::lround(accuracies[0] * double(images)));
    auto [low, high] = metrics::interval95(right, images);
    fmt::print("test accuracy {:.2f} % (95 % interval {:.2f}-{:.2f})\n", 100 * accuracies[0],
               100 * low, 100 * high);
    return;
  }
  metrics::MeanOfRuns runs = metrics::mean_of_runs(accuracies);
  fmt::print(
      "test accuracy {:.2f} % mean of {} seeds ({:.2f}-{:.2f}), 95 % interval of the mean "
      "{:.2f}-{:.2f}\n",
      100 * runs.mean, accuracies.size(), 100 * runs.lowest, 100 * runs.highest,
      100 * runs.interval95.low, 100 * runs.interval95.high);
}

int main(int argc, char** argv) {
  Options options = parse_options(argc, argv);
  try {
    data::Digits digits = data::optdigits();
    fmt::print("{} training and {} test images\n", digits.train.size(), digits.test.size());
    std::string files;
    std::vector<double> accuracies;
    for (uint64_t seed : seeds_of(options)) {
      Result result = run(options, seed, digits);
      files += result.files;
      accuracies.push_back(result.accuracy);
    }
    fmt::print("{}", files);
    print_accuracy(accuracies, digits.test.size());
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
