#include "examples/optdigits/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "autograd/graph/grad_mode.h"
#include "nn/data/optdigits.h"

using namespace taper;

namespace {

constexpr int64_t side = data::digit_side, levels = data::digit_ink;
constexpr int64_t columns = 12, most = 120;     // images
constexpr int64_t pitch = 12, row_height = 14;  // of an image with its text, in pixels of the image
constexpr int64_t top = 4, scale = 6;

std::vector<int64_t> wrong_ones(const Tensor& read, const Tensor& labels) {
  std::vector<int64_t> wrong;
  for (int64_t i = 0; i < labels.numel(); ++i)
    if (read.data_ptr<int64_t>()[i] != labels.data_ptr<int64_t>()[i]) wrong.push_back(i);
  return wrong;
}

/// The parts of the picture, in pixels of the images; the texts in pixels of the screen.
struct Sheet {
  std::array<std::string, levels + 1> ink;  // outlines of the squares, by level
  std::string frames, texts;

  void add_image(const float* pixels, int64_t x, int64_t y) {
    for (int64_t i = 0; i < side * side; ++i) {
      auto level = size_t(std::clamp<long>(std::lround(pixels[i] * float(levels)), 0, levels));
      if (level > 0) ink[level] += fmt::format("M{} {}h1v1h-1z", x + i % side, y + i / side);
    }
    frames += fmt::format("M{} {}h{}v{}h-{}z", x, y, side, side, side);
  }
  void add_text(const std::string& text, int64_t x, int64_t y) {
    texts += fmt::format("<text x='{}' y='{}'>{}</text>\n", x * scale, y * scale, text);
  }
  std::string svg(int64_t width, int64_t height) const;
};

std::string Sheet::svg(int64_t width, int64_t height) const {
  std::string out = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0}' height='{1}' viewBox='0 0 {0} {1}' "
      "stroke='none' font-family='DejaVu Sans, sans-serif' font-size='12' text-anchor='middle'>\n"
      "<rect width='{0}' height='{1}' fill='white'/>\n<g transform='scale({2})'>\n",
      width * scale, height * scale, scale);
  for (int64_t level = 1; level <= levels; ++level)
    if (!ink[size_t(level)].empty())
      out += fmt::format("<path fill='rgb({0},{0},{0})' d='{1}'/>\n", 255 - 255 * level / levels,
                         ink[size_t(level)]);
  return out + fmt::format(
                   "<path fill='none' stroke='#999' stroke-width='0.1' d='{}'/>\n</g>\n{}</svg>\n",
                   frames, texts);
}

}  // namespace

std::string contact_sheet(const data::TensorDataset& set, const Tensor& logits) {
  NoGradGuard no_grad;
  Tensor read = logits.argmax(1), labels = set.labels().contiguous();
  Tensor images = set.images().contiguous();
  std::vector<int64_t> wrong = wrong_ones(read, labels);
  int64_t all = int64_t(wrong.size()), shown = std::min(most, all), width = columns * pitch;
  Sheet sheet;
  sheet.add_text(fmt::format("{} of {} test images read wrongly{}", all, labels.numel(),
                             shown < all ? fmt::format("; the first {}", shown) : ""),
                 width / 2, 3);
  for (int64_t k = 0; k < shown; ++k) {
    int64_t i = wrong[size_t(k)];
    int64_t x = k % columns * pitch + 2, y = top + k / columns * row_height + 1;
    sheet.add_image(images.data_ptr<float>() + i * side * side, x, y);
    sheet.add_text(
        fmt::format("{} as {}", labels.data_ptr<int64_t>()[i], read.data_ptr<int64_t>()[i]),
        x + side / 2, y + side + 2);
  }
  return sheet.svg(width, top + (shown + columns - 1) / columns * row_height);
}
