#pragma once

#include <concepts>
#include <cstdint>

namespace taper {

/// Height and width of a window, stride or padding: from one number for both, or from `{h, w}`.
struct Int2 {
  constexpr Int2() = default;
  template <std::integral T>
  constexpr Int2(T both) : h(int64_t(both)), w(int64_t(both)) {}
  template <std::integral A, std::integral B>
  constexpr Int2(A height, B width) : h(int64_t(height)), w(int64_t(width)) {}
  bool operator==(const Int2&) const = default;

  int64_t h = 0, w = 0;
};

}  // namespace taper
