// The report's network learns UCI's handwritten digits.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "autograd/tensor/error.h"
#include "examples/optdigits/options.h"
#include "examples/optdigits/results.h"
#include "examples/optdigits/text_file.h"
#include "nn/metrics/metrics.h"

using namespace taper;

struct Result {
  int64_t right;      ///< of the test images
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
  return {history.back().test_right,
          fmt::format("files in {}: {}\n", folder, fmt::join(names, " "))};
}

static void print_accuracy(const std::vector<int64_t>& right, int64_t images) {
  if (right.size() == 1) {
    auto [low, high] = metrics::interval95(right[0], images);
    fmt::print("test accuracy {:.2f} % (95 % interval {:.2f}-{:.2f})\n",
               100 * double(right[0]) / double(images), 100 * low, 100 * high);
    return;
  }
  std::vector<double> accuracies;
  for (int64_t r : right) accuracies.push_back(double(r) / double(images));
  metrics::MeanOfRuns runs = metrics::mean_of_runs(accuracies);
  fmt::print(
      "test accuracy {:.2f} % mean of {} seeds ({:.2f}-{:.2f}), 95 % interval of the mean "
      "{:.2f}-{:.2f}\n",
      100 * runs.mean, right.size(), 100 * runs.lowest, 100 * runs.highest,
      100 * runs.interval95.low, 100 * runs.interval95.high);
}

int main(int argc, char** argv) {
  Options options = parse_options(argc, argv);
  try {
    data::Digits digits = data::optdigits();
    fmt::print("{} training and {} test images\n", digits.train.size(), digits.test.size());
    std::string files;
    std::vector<int64_t> right;
    for (uint64_t seed : seeds_of(options)) {
      Result result = run(options, seed, digits);
      files += result.files;
      right.push_back(result.right);
    }
    fmt::print("{}", files);
    print_accuracy(right, digits.test.size());
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
