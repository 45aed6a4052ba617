#pragma once

// Included by tensor.h. docs/printing.md shows what the texts look like.

#include <fmt/core.h>

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <string>

namespace taper {

class Tensor;

/// How a tensor's text looks.
struct PrintOptions {
  /// Digits behind the point; by default as many as the values need, up to 4.
  int precision = -1;
  /// 'f', 'e' or 'g' as in fmt; by default 'f', or 'e' for very large and small values.
  char notation = 0;
  /// Shown at both ends of a dimension that is cut; by default 3, and only tensors of more than
  /// `threshold` elements are cut.
  int64_t edge_items = -1;
  int64_t threshold = 1000;
  int line_width = 100;  ///< columns, after which a row goes on in the next line
  bool one_line = false;
  bool values_only = false;  ///< without type, shape and where it comes from
};

/// "[[1.0, 2.0],\n [3.0, 4.0]] float32[2, 2]"
std::string to_string(const Tensor& x, const PrintOptions& options = {});

/// Writes LibTorch's text: the values, and in a last line "[ CPUFloatType{2,2} ]".
std::ostream& operator<<(std::ostream& out, const Tensor& x);

namespace detail {
[[noreturn]] void fail_print_format();

/// Reads the options of `{:lva3.4f}`: letters l (one line), v (values only), a (all elements), a
/// number of edge items, a precision, a notation; each may be left out. Returns where it stopped.
constexpr const char* parse_print_options(const char* at, const char* end, PrintOptions& options) {
  auto number = [&](auto& into) {
    into = 0;
    while (at != end && *at >= '0' && *at <= '9' && into < 1000) into = into * 10 + (*at++ - '0');
  };
  for (; at != end && (*at == 'l' || *at == 'v' || *at == 'a'); ++at) {
    if (*at == 'l') options.one_line = true;
    if (*at == 'v') options.values_only = true;
    if (*at == 'a') options.threshold = std::numeric_limits<int64_t>::max();
  }
  if (at != end && *at >= '1' && *at <= '9') number(options.edge_items);
  if (at != end && *at == '.') {
    if (++at == end || *at < '0' || *at > '9') fail_print_format();
    number(options.precision);
    if (options.precision > 30) fail_print_format();
  }
  if (at != end && (*at == 'f' || *at == 'e' || *at == 'g')) options.notation = *at++;
  if (at != end && *at != '}') fail_print_format();
  return at;
}
}  // namespace detail

}  // namespace taper

template <>
struct fmt::formatter<taper::Tensor> {
  constexpr auto parse(fmt::format_parse_context& context) {
    return taper::detail::parse_print_options(context.begin(), context.end(), options);
  }
  fmt::appender format(const taper::Tensor& x, fmt::format_context& context) const;

  taper::PrintOptions options;
};
