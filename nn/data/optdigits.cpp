#include "nn/data/optdigits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <vector>

#include "autograd/io/errno_text.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"
#include "nn/data/data_sets.h"

namespace taper::data {
namespace {

constexpr int64_t side = digit_side, pixels = side * side;

class DigitsReader {
 public:
  explicit DigitsReader(const std::string& path) : path_(path), file_(path) {
    if (!file_) fail("read_digits", "cannot open \"{}\": {}", path, io::errno_text());
  }

  TensorDataset read() {
    std::string line;
    for (number_ = 1; std::getline(file_, line); ++number_) read_line(line);
    if (file_.bad()) fail("read_digits", "cannot read \"{}\": {}", path_, io::errno_text());
    if (labels_.empty()) fail("read_digits", "\"{}\" has no lines; expected one or more", path_);
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
    for (bool more = !line.empty(); more; ++count) {
      size_t comma = std::min(line.find(','), line.size());
      int64_t value = read_value(line.substr(0, comma), count);
      if (count <= pixels) values[count] = value;
      more = comma < line.size();
      line.remove_prefix(comma + more);
    }
    if (count != pixels + 1)
      fail("read_digits", "\"{}\", line {}: {} values; expected 64 counts and a class", path_,
           number_, count);
    for (int64_t i = 0; i < pixels; ++i) images_.push_back(float(values[i]) / float(digit_ink));
    labels_.push_back(values[pixels]);
  }

  int64_t read_value(std::string_view text, int64_t i) const {
    int64_t value = 0;
    auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || rest != text.data() + text.size())
      fail("read_digits", "\"{}\", line {}: value {} is {:?}; expected a whole number", path_,
           number_, i + 1, text.substr(0, 20));
    if (i <= pixels) check_range(value, i);
    return value;
  }

  void check_range(int64_t value, int64_t i) const {
    int64_t most = i == pixels ? digit_classes - 1 : digit_ink;
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
