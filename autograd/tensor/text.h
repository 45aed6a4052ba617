#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace taper {

/// Base of the formatters of types that print as a text: keeps what stands behind the colon of
/// `{:>10}`. Its work is done in the library, so that public headers need no more than
/// <fmt/core.h>.
class TextFormatter {
 public:
  constexpr auto parse(fmt::format_parse_context& context) {
    auto it = context.begin();
    while (it != context.end() && *it != '}') ++it;
    spec_ = std::string_view(context.begin(), size_t(it - context.begin()));
    return it;
  }

 protected:
  /// Writes text padded and aligned as the specification says.
  fmt::appender write(std::string_view text, fmt::format_context& context) const;
  std::string_view spec_;
};

}  // namespace taper
