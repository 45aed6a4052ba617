#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "autograd/tensor/tensor.h"

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
  /// The value, where a T is wanted.
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
std::string option_text(const Tensor& value);
inline std::string option_text(const std::string& value) { return value; }
inline std::string option_text(Int value) { return option_text(int64_t(value)); }
template <class T>
std::string option_text(const Required<T>& value) {
  return option_text(*value);
}

template <class T>
std::string option_text(const std::optional<T>& value) {
  return value ? option_text(*value) : "none";
}

/// References to the fields of an aggregate of options.
template <class Options>
constexpr auto fields(Options& options) {
  return options.with_fields([](auto&... field) { return std::tie(field...); });
}

/// Whether two values of an option are equal; tensors are if they are the same one.
template <class T>
constexpr bool same_option(const T& a, const T& b) {
  return a == b;
}
inline bool same_option(const Tensor& a, const Tensor& b) { return a.is_same(b); }

template <class Options>
constexpr bool same_options(const Options& a, const Options& b) {
  return std::apply(
      [&](const auto&... x) {
        return std::apply([&](const auto&... y) { return (same_option(x, y) && ...); }, fields(b));
      },
      fields(a));
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
  auto given = detail::fields(options), unset = detail::fields(std::as_const(defaults));
  std::vector<detail::OptionText> texts;
  auto add = [&]<size_t... I>(std::index_sequence<I...>) {
    (texts.push_back(
         {detail::option_text(std::get<I>(given)),
          I < Options::required || !detail::same_option(std::get<I>(given), std::get<I>(unset))}),
     ...);
  };
  add(std::make_index_sequence<std::tuple_size_v<decltype(given)>>());
  return detail::options_text(Options::field_names, texts, unnamed);
}

/// Lists the fields of an aggregate of options once, those without default first (`needed` of
/// them).
#define TAPER_OPTIONS(Self, needed, ...)                            \
  static constexpr size_t required = needed;                        \
  static constexpr const char* field_names = #__VA_ARGS__;          \
  template <class F>                                                \
  constexpr auto with_fields(F f) {                                 \
    return f(__VA_ARGS__);                                          \
  }                                                                 \
  template <class F>                                                \
  constexpr auto with_fields(F f) const {                           \
    return f(__VA_ARGS__);                                          \
  }                                                                 \
  template <std::same_as<Self> Other>                               \
  friend constexpr bool operator==(const Self& a, const Other& b) { \
    return ::taper::nn::detail::same_options(a, b);                 \
  }

}  // namespace taper::nn
