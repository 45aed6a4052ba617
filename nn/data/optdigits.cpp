#include "nn/data/optdigits.h"

#include <charconv>
#include <fstream>
#include <string>
#include <vector>

#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"
#include "nn/data/data_sets.h"

namespace taper::data {
namespace {

constexpr int64_t side = 8, pixels = side * side;
constexpr int64_t most_ink = 16, classes = 10;

class DigitsReader {
 public:
  explicit DigitsReader(const std::string& path) : path_(path), file_(path) {
    if (!file_) fail("read_digits", "cannot open \"{}\"", path);
  }

  TensorDataset read() {
    std::string line;
    for (number_ = 1; std::getline(file_, line); ++number_) read_line(line);
    if (labels_.empty()) fail("read_digits", "\"{}\" has no lines", path_);
    int64_t n = int64_t(labels_.size());
    Tensor images = empty({n, 1, side, side}), labels = empty({n}, {.dtype = int64});
    std::copy(images_.begin(), images_.end(), images.data_ptr<float>());
    std::copy(labels_.begin(), labels_.end(), labels.data_ptr<int64_t>());
    return {images, labels};
  }

 private:
  void read_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    int64_t values[pixels + 1] = {};
    int64_t count = 0;
    const char *at = line.data(), *end = at + line.size();
    while (at != end) {
      int64_t value = 0;
      auto [rest, error] = std::from_chars(at, end, value);
      if (error != std::errc() || (rest != end && *rest != ','))
        fail("read_digits", "\"{}\", line {}: value {} is no whole number", path_, number_,
             count + 1);
      if (count <= pixels) check_range(value, count);
      if (count <= pixels) values[count] = value;
      ++count;
      at = rest == end ? end : rest + 1;
    }
    if (count != pixels + 1)
      fail("read_digits", "\"{}\", line {}: {} values; expected 64 counts and a class", path_,
           number_, count);
    for (int64_t i = 0; i < pixels; ++i) images_.push_back(float(values[i]) / float(most_ink));
    labels_.push_back(values[pixels]);
  }

  void check_range(int64_t value, int64_t i) const {
    int64_t most = i == pixels ? classes - 1 : most_ink;
    if (value < 0 || value > most)
      fail("read_digits", "\"{}\", line {}: value {} is {}; expected 0 to {}", path_, number_,
           i + 1, value, most);
  }

  std::string path_;
  std::ifstream file_;
  int64_t number_ = 0;
  std::vector<float> images_;
  std::vector<int64_t> labels_;
};

}  // namespace

TensorDataset read_digits(const std::string& path) { return DigitsReader(path).read(); }

Digits optdigits(const FetchOptions& options) {
  Fetched files = fetch(optdigits_files(), options);
  return {read_digits(files.paths.at(0)), read_digits(files.paths.at(1))};
}

}  // namespace taper::data
