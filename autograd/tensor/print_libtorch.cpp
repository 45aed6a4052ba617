// LibTorch's text of a tensor, character for character.

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <ostream>
#include <vector>

#include "autograd/tensor/print.h"
#include "autograd/tensor/tensor.h"

namespace taper {

namespace {

constexpr int line_width = 80;

/// The elements in row-major order.
std::vector<double> doubles(const Buffer& b) {
  std::vector<double> out(size_t(b.numel));
  Shape index(b.sizes.size(), 0);
  dispatch(b.dtype, [&](auto t) {
    for (double& v : out) {
      v = double(b.as<decltype(t)>()[std::inner_product(index.begin(), index.end(),
                                                        b.strides.begin(), int64_t(0))]);
      for (size_t d = index.size(); d-- > 0 && ++index[d] == b.sizes[d];) index[d] = 0;
    }
  });
  return out;
}

/// How the numbers of a matrix are written: all in one width, divided by a common scale.
struct Format {
  char kind = 'g';  // 'g', 'f' or 'e'
  int width = 0;
  double scale = 1;

  std::string operator()(double v) const {
    if (kind == 'g') return fmt::format("{:>{}g}", v, width);
    if (kind == 'e') return fmt::format("{:>{}.4e}", v / scale, width);
    return fmt::format("{:>{}.4f}", v / scale, width);
  }
};

/// Digits before the point of |v|; negative for leading zeros behind it.
double magnitude(double v) { return v == 0 ? 1 : std::floor(std::log10(v)) + 1; }

Format format_of(const double* v, size_t n) {
  bool whole = true, any = false;
  double low = 1, high = 1;
  for (size_t i = 0; i < n; ++i) {
    if (!std::isfinite(v[i])) continue;
    double a = std::abs(v[i]);
    whole = whole && a == std::ceil(a);
    low = any ? std::min(low, a) : a;
    high = any ? std::max(high, a) : a;
    any = true;
  }
  low = any ? magnitude(low) : 1;
  high = any ? magnitude(high) : 1;
  if (whole) return high > 9 ? Format{'e', 11, 1} : Format{'g', int(high) + 1, 1};
  if (high - low > 4) return {'e', std::abs(high) > 99 || std::abs(low) > 99 ? 12 : 11, 1};
  if (high > 5 || high < 0) return {'f', 7, std::pow(10, high - 1)};
  return {'f', high == 0 ? 7 : int(high) + 6, 1};
}

std::string scale_line(double scale) { return fmt::format("{} *\n", scale); }

std::string vector_text(const std::vector<double>& v) {
  Format format = format_of(v.data(), v.size());
  std::string out = format.scale == 1 ? "" : scale_line(format.scale);
  for (double e : v) out += format(e) + "\n";
  return out;
}

std::string matrix_text(const double* v, int64_t rows, int64_t columns, int indent) {
  Format format = format_of(v, size_t(rows * columns));
  int64_t per_line = (line_width - indent) / (format.width + 1);
  std::string pad(size_t(indent), ' '), out;  // the first line of a block is not indented
  for (int64_t first = 0; first < columns; first += per_line) {
    int64_t last = std::min(first + per_line, columns) - 1;
    if (per_line < columns)
      out += fmt::format("{}Columns {} to {}{}", first ? "\n" : "", first + 1, last + 1, pad);
    if (format.scale != 1) out += scale_line(format.scale) + pad;
    for (int64_t row = 0; row < rows; ++row) {
      if (row) out += pad + (format.scale != 1 ? " " : "");
      for (int64_t c = first; c <= last; ++c)
        out += format(v[row * columns + c]) + (c == last ? "\n" : " ");
    }
  }
  return out;
}

/// One matrix after the other; the first index runs fastest.
std::string slices_text(const std::vector<double>& v, IntList sizes) {
  size_t lead = sizes.size() - 2;
  int64_t rows = sizes[lead], columns = sizes[lead + 1];
  Shape strides = contiguous_strides(sizes), index(lead, 0);
  std::string out;
  for (int64_t n = numel(sizes.slice(0, lead)); n > 0; --n) {
    out += out.empty() ? "(" : "\n(";
    for (int64_t i : index) out += fmt::format("{},", i + 1);
    out += ".,.) = \n";
    int64_t at = std::inner_product(index.begin(), index.end(), strides.begin(), int64_t(0));
    out += matrix_text(v.data() + at, rows, columns, 1);
    for (size_t d = 0; d < lead && ++index[d] == sizes[d]; ++d) index[d] = 0;
  }
  return out;
}

std::string libtorch_text(const Tensor& x) {
  if (!x.defined()) return "[ Tensor (undefined) ]";
  std::vector<double> v = doubles(plain(x));
  IntList sizes = x.sizes();
  std::string out;
  if (x.dim() == 0)
    out = fmt::format("{}\n", v[0]);
  else if (x.numel() > 0)
    out = x.dim() == 1   ? vector_text(v)
          : x.dim() == 2 ? matrix_text(v.data(), sizes[0], sizes[1], 0)
                         : slices_text(v, sizes);
  return out + fmt::format("[ CPU{}Type{{{}}} ]", info(x.dtype()).libtorch, fmt::join(sizes, ","));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& x) {
  std::string text = libtorch_text(x);
  return out.write(text.data(), std::streamsize(text.size()));
}

}  // namespace taper
