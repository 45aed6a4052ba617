#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "autograd/tensor/op_options.h"

namespace taper::nn {

/// An option without default: leaving it out does not compile.
template <class T>
class Required {
 public:
  struct Unset {};
  constexpr Required(Unset) : value_(), given_(false) {}
  template <class... A>
  requires(sizeof...(A) > 0 && std::constructible_from<T, A...>) constexpr Required(A... a)
      : value_(T(a...)) {}
  constexpr operator const T&() const { return value_; }
  constexpr const T& operator*() const { return value_; }
  bool operator==(const Required&) const = default;

 private:
  T value_;
  bool given_ = true;
};

namespace detail {

std::string option_text(bool value);
std::string option_text(int64_t value);
std::string option_text(double value);
std::string option_text(Int2 value);
std::string option_text(Reduction value);
inline std::string option_text(Int value) { return option_text(int64_t(value)); }
template <class T>
std::string option_text(const Required<T>& value) {
  return option_text(*value);
}

template <class T>
std::string option_text(const std::optional<T>& value) {
  return value ? option_text(*value) : "none";
}

struct OptionText {
  std::string value;
  bool shown;
};
std::string options_text(std::string_view names, const std::vector<OptionText>& options,
                         size_t unnamed);

struct AnyUnset {
  template <class T>
  operator Required<T>() const {
    return typename Required<T>::Unset();
  }
};

}  // namespace detail

/// Options with their defaults; those without default are 0.
template <class Options>
constexpr Options default_options() {
  return []<size_t... I>(std::index_sequence<I...>) {
    return Options{ByName(), (void(I), detail::AnyUnset())...};
  }
  (std::make_index_sequence<Options::required>());
}

/// "1, 4, kernel_size=3, padding=1": the first `unnamed` ones, and those that differ from their
/// defaults.
template <class Options>
std::string to_string(const Options& options, size_t unnamed) {
  Options defaults = default_options<Options>();
  std::vector<detail::OptionText> texts;
  auto add = [&]<size_t... I>(std::index_sequence<I...>) {
    auto given = options.fields();
    auto unset = defaults.fields();
    (texts.push_back({detail::option_text(std::get<I>(given)),
                      I < Options::required || !(std::get<I>(given) == std::get<I>(unset))}),
     ...);
  };
  add(std::make_index_sequence<std::tuple_size_v<decltype(options.fields())>>());
  return detail::options_text(Options::field_names, texts, unnamed);
}

/// Lists the fields of an aggregate of options once, those without default first (`needed` of
/// them).
#define TAPER_OPTIONS(Self, needed, ...)                          \
  static constexpr size_t required = needed;                      \
  static constexpr const char* field_names = #__VA_ARGS__;        \
  constexpr auto fields() { return std::tie(__VA_ARGS__); }       \
  constexpr auto fields() const { return std::tie(__VA_ARGS__); } \
  friend bool operator==(const Self& a, const Self& b) { return a.fields() == b.fields(); }

}  // namespace taper::nn
