#include "autograd/tensor/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/graph/node.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/tensor.h"

namespace taper {

namespace {

/// Lays out the elements of one tensor as nested lists.
class Layout {
 public:
  Layout(const Buffer& values, const PrintOptions& options)
      : b_(values),
        options_(options),
        edge_(options.edge_items >= 0 ? options.edge_items : 3),
        cuts_(options.edge_items >= 0 || values.numel > options.threshold) {}

  std::string text() {
    visit(0, 0);
    choose_number_format();
    for (Scalar v : shown_) width_ = std::max(width_, element(v).size());
    if (options_.one_line) width_ = 0;
    next_ = 0;
    return block(0);
  }

 private:
  /// f(i) for the indices that are shown of a dimension; f(-1) where some are left out.
  template <class F>
  void indices(int64_t size, F f) const {
    bool cut = cuts_ && size > 2 * edge_;
    for (int64_t i = 0; i < size; ++i) {
      if (cut && i == edge_) {
        f(-1);
        i = size - edge_;
        if (i == size) break;
      }
      f(i);
    }
  }

  void visit(size_t d, int64_t offset) {
    if (d == b_.sizes.size())
      dispatch(b_.dtype, [&](auto t) { shown_.push_back(b_.as<decltype(t)>()[offset]); });
    else
      indices(b_.sizes[d], [&](int64_t i) {
        if (i >= 0) visit(d + 1, offset + i * b_.strides[d]);
      });
  }

  void choose_number_format() {
    if (!is_floating_point(b_.dtype)) return;
    notation_ = options_.notation ? options_.notation : 'f';
    precision_ = options_.precision >= 0 ? options_.precision : 4;
    if (!options_.notation && options_.precision < 0 && very_large_or_small()) notation_ = 'e';
    if (options_.precision < 0 && notation_ == 'f') precision_ = digits_needed();
  }

  bool very_large_or_small() const {
    for (Scalar s : shown_)
      if (double v = std::abs(s.to_double()); std::isfinite(v) && v != 0 && (v >= 1e6 || v < 1e-4))
        return true;
    return false;
  }

  /// Digits behind the point without zeros that all numbers end in; one at least.
  int digits_needed() const {
    int needed = 1;
    for (Scalar s : shown_) {
      if (!std::isfinite(s.to_double())) continue;
      std::string text = fmt::format("{:.{}f}", s.to_double(), precision_);
      size_t last = text.find_last_not_of('0'), point = text.find('.');
      needed = std::max(needed, int(last - point));
    }
    return needed;
  }

  std::string element(Scalar v) const {
    if (v.kind() == boolean) return v.to<bool>() ? "true" : "false";
    if (v.kind() == int64) return fmt::format("{}", v.to_int());
    if (notation_ == 'e') return fmt::format("{:.{}e}", v.to_double(), precision_);
    if (notation_ == 'g') return fmt::format("{:.{}g}", v.to_double(), precision_);
    return fmt::format("{:.{}f}", v.to_double(), precision_);
  }

  std::string block(size_t d) {
    size_t dims = b_.sizes.size();
    if (d == dims) return fmt::format("{:>{}}", element(shown_[next_++]), width_);
    std::string out = "[", between = ", ";
    if (!options_.one_line && d + 1 < dims)
      between = "," + std::string(dims - 1 - d, '\n') + std::string(d + 1, ' ');
    size_t line_start = 0;
    bool first = true;
    indices(b_.sizes[d], [&](int64_t i) {
      std::string item = i < 0 ? "..." : block(d + 1);
      if (!first) out += between;
      first = false;
      if (d + 1 == dims && !options_.one_line &&
          d + out.size() - line_start + item.size() > size_t(options_.line_width) - 1) {
        out.back() = '\n';  // the blank behind the comma
        line_start = out.size();
        out += std::string(d + 1, ' ');
      }
      out += item;
    });
    return out + "]";
  }

  const Buffer& b_;
  const PrintOptions& options_;
  int64_t edge_;
  bool cuts_;
  std::vector<Scalar> shown_;
  size_t next_ = 0, width_ = 0;
  char notation_ = 'f';
  int precision_ = 4;
};

std::string origin(const Tensor& x) {
  if (Ref<Node> node = x.grad_fn()) return fmt::format(" grad_fn={}", node->name());
  return x.requires_grad() ? " requires_grad" : "";
}

}  // namespace

std::string to_string(const Tensor& x, const PrintOptions& options) {
  if (!x.defined()) return "undefined";
  std::string out = Layout(plain(x), options).text();
  if (!options.values_only) out += fmt::format(" {}{}{}", x.dtype(), x.sizes(), origin(x));
  return out;
}

void detail::fail_print_format() {
  fail("format",
       "not a tensor's format; expected letters of l, v, a, then edge items, .precision "
       "and one of f, e, g, as in {{:l2.3f}}");
}

}  // namespace taper

fmt::appender fmt::formatter<taper::Tensor>::format(const taper::Tensor& x,
                                                    fmt::format_context& context) const {
  std::string text = taper::to_string(x, options);
  return std::copy(text.begin(), text.end(), context.out());
}
