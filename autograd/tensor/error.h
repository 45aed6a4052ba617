#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace taper {

/// What every failure that a user can cause throws; the text reads `op: what is wrong; what was
/// expected`.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An index or dimension out of range.
class IndexError : public Error {
 public:
  using Error::Error;
};

namespace detail {
[[noreturn]] void throw_error(std::string_view op, fmt::string_view text, fmt::format_args args);
[[noreturn]] void throw_index_error(std::string_view op, fmt::string_view text,
                                    fmt::format_args args);
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace detail

/// Throws Error with `op: text`, followed by the module path that is being run, if there is one.
template <class... Args>
[[noreturn]] void fail(std::string_view op, fmt::format_string<Args...> text, Args&&... args) {
  detail::throw_error(op, text, fmt::make_format_args(args...));
}

/// As fail, but an IndexError.
template <class... Args>
[[noreturn]] void fail_index(std::string_view op, fmt::format_string<Args...> text,
                             Args&&... args) {
  detail::throw_index_error(op, text, fmt::make_format_args(args...));
}

}  // namespace taper

/// For mistakes inside the library, which no user input may reach.
#define TAPER_ASSERT(condition) \
  ((condition) ? void() : ::taper::detail::assertion_failed(#condition, __FILE__, __LINE__))
