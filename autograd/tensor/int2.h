#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

namespace taper {

/// An integer in option aggregates: takes any integral value without a narrowing error.
struct Int {
  constexpr Int() = default;
  template <std::integral T>
  constexpr Int(T v) : value(int64_t(v)) {}
  constexpr operator int64_t() const { return value; }

  int64_t value = 0;
};

/// Height and width of a window, stride or padding: from one number for both, or from `{h, w}`.
struct Int2 {
  constexpr Int2() = default;
  template <std::integral T>
  constexpr Int2(T both) : h(int64_t(both)), w(int64_t(both)) {}
  constexpr Int2(Int both) : h(both), w(both) {}
  template <std::integral A, std::integral B>
  constexpr Int2(A height, B width) : h(int64_t(height)), w(int64_t(width)) {}
  bool operator==(const Int2&) const = default;

  int64_t h = 0, w = 0;
};

/// An Int2 that may be left out, as `{}`.
struct OptionalInt2 : std::optional<Int2> {
  using std::optional<Int2>::optional;
  constexpr OptionalInt2() = default;
  template <std::integral A, std::integral B>
  constexpr OptionalInt2(A height, B width) : optional(Int2(height, width)) {}
  bool operator==(const OptionalInt2& other) const {
    return has_value() == other.has_value() && value_or(0) == other.value_or(0);
  }
};

}  // namespace taper
