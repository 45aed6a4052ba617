#pragma once

#include <cmath>
#include <numbers>

#include "autograd/kernels/pointwise.h"

namespace taper::kernels {

/// x P(X <= x) for a standard normal X, with erf or by its approximation with tanh.
template <class T>
struct GeluPoint {
  T x, below, density;  ///< P(X <= x), and its derivative

  GeluPoint(T x, bool tanh) : x(x) {
    if (tanh) {
      T k = T(std::numbers::sqrt2 * std::numbers::inv_sqrtpi), a = T(0.044715);
      T t = std::tanh(k * (x + a * x * x * x));
      below = T(0.5) * (T(1) + t);
      density = T(0.5) * (T(1) - t * t) * k * (T(1) + T(3) * a * x * x);
    } else {
      below = T(0.5) * std::erfc(-x / T(std::numbers::sqrt2));
      density = std::exp(T(-0.5) * x * x) * T(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
    }
  }
  T value() const { return x * below; }
  T slope() const { return below + x * density; }
};

/// y = gelu(x); the same shape.
inline void gelu(bool tanh, const Buffer& x, const Buffer& y) {
  dispatch_floating(x.dtype, [&](auto type) {
    using T = decltype(type);
    map<T, Work::calls>(
        y, [tanh](T v) { return GeluPoint<T>(v, tanh).value(); }, Source<T>{x});
  });
}

/// dx = dy gelu'(x); the same shape.
inline void gelu_input(bool tanh, const Buffer& dy, const Buffer& x, const Buffer& dx) {
  dispatch_floating(x.dtype, [&](auto type) {
    using T = decltype(type);
    map<T, Work::calls>(
        dx, [tanh](T g, T v) { return g * GeluPoint<T>(v, tanh).slope(); }, Source<T>{dy},
        Source<T>{x});
  });
}

}  // namespace taper::kernels
