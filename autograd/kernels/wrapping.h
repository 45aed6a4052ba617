#pragma once

#include <concepts>
#include <type_traits>

namespace taper::kernels {

template <class T>
struct WrappingOf {
  using type = T;
};
template <std::signed_integral T>
struct WrappingOf<T> {
  using type = std::make_unsigned_t<T>;
};

/// The type that sums and products of T are formed in: signed integers become unsigned ones, which
/// wrap around where theirs would overflow.
template <class T>
using Wrapping = typename WrappingOf<T>::type;

/// f of the values as Wrapping<T>, back in T.
template <class T, class F, class... V>
T wrapping(F f, V... v) {
  return T(f(Wrapping<T>(v)...));
}

template <class T>
T wrapping_sum(T a, T b) {
  return wrapping<T>([](auto x, auto y) { return x + y; }, a, b);
}

}  // namespace taper::kernels
