#include "examples/optdigits/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "autograd/graph/grad_mode.h"

using namespace taper;

namespace {

constexpr int64_t side = 8, levels = 16;        // pixels; of ink
constexpr int64_t columns = 12, most = 120;     // images
constexpr int64_t pitch = 12, row_height = 14;  // of an image with its text, in pixels of the image
constexpr int64_t top = 4, scale = 6;

std::vector<int64_t> wrong_ones(const Tensor& read, const Tensor& labels) {
  std::vector<int64_t> wrong;
  for (int64_t i = 0; i < labels.numel(); ++i)
    if (read.data_ptr<int64_t>()[i] != labels.data_ptr<int64_t>()[i]) wrong.push_back(i);
  return wrong;
}

/// Adds the squares of an image to the outlines of their levels of ink.
void add_image(std::array<std::string, levels + 1>& ink, const float* pixels, int64_t x,
               int64_t y) {
  for (int64_t i = 0; i < side * side; ++i) {
    auto level = size_t(std::clamp<long>(std::lround(pixels[i] * float(levels)), 0, levels));
    if (level > 0) ink[level] += fmt::format("M{} {}h1v1h-1z", x + i % side, y + i / side);
  }
}

}  // namespace

std::string contact_sheet(const data::TensorDataset& set, const Tensor& logits) {
  NoGradGuard no_grad;
  Tensor read = logits.argmax(1), labels = set.labels().contiguous();
  Tensor images = set.images().contiguous();
  std::vector<int64_t> wrong = wrong_ones(read, labels);
  int64_t shown = std::min<int64_t>(most, int64_t(wrong.size()));
  int64_t width = columns * pitch, height = top + (shown + columns - 1) / columns * row_height;
  std::array<std::string, levels + 1> ink;
  std::string frames, texts;
  for (int64_t k = 0; k < shown; ++k) {
    int64_t i = wrong[size_t(k)];
    int64_t x = k % columns * pitch + 2, y = top + k / columns * row_height + 1;
    add_image(ink, images.data_ptr<float>() + i * side * side, x, y);
    frames += fmt::format("M{} {}h{}v{}h-{}z", x, y, side, side, side);
    texts += fmt::format("<text x='{}' y='{}'>{} as {}</text>\n", x + side / 2, y + side + 2,
                         labels.data_ptr<int64_t>()[i], read.data_ptr<int64_t>()[i]);
  }
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}' viewBox='0 0 {} {}' "
      "font-family='DejaVu Sans, sans-serif' font-size='2' text-anchor='middle'>\n"
      "<rect width='100%' height='100%' fill='white'/>\n"
      "<text x='{}' y='3'>{} of {} test images read wrongly{}</text>\n",
      width * scale, height * scale, width, height, width / 2, wrong.size(), labels.numel(),
      shown < int64_t(wrong.size()) ? fmt::format("; the first {}", shown) : "");
  for (int64_t level = 1; level <= levels; ++level)
    if (!ink[size_t(level)].empty())
      svg += fmt::format("<path fill='rgb({0},{0},{0})' d='{1}'/>\n", 255 - 255 * level / levels,
                         ink[size_t(level)]);
  return svg +
         fmt::format("<path fill='none' stroke='#999' stroke-width='0.1' d='{}'/>\n{}</svg>\n",
                     frames, texts);
}
