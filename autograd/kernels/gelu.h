#pragma once

#include <cmath>
#include <numbers>

#include "autograd/kernels/parallel.h"
#include "autograd/kernels/strided_loop.h"

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
    strided_loop<2>(x.sizes, {Shape(x.strides), Shape(y.strides)},
                    [&](auto at, int64_t n, auto step) {
                      const T* from = x.as<const T>() + at[0];
                      T* to = y.as<T>() + at[1];
                      parallel_for(n, parallel_grain / 16, [=](int64_t begin, int64_t end) {
                        for (int64_t i = begin; i < end; ++i)
                          to[i * step[1]] = GeluPoint<T>(from[i * step[0]], tanh).value();
                      });
                    });
  });
}

/// dx = dy gelu'(x); the same shape.
inline void gelu_input(bool tanh, const Buffer& dy, const Buffer& x, const Buffer& dx) {
  dispatch_floating(x.dtype, [&](auto type) {
    using T = decltype(type);
    strided_loop<3>(x.sizes, {Shape(dy.strides), Shape(x.strides), Shape(dx.strides)},
                    [&](auto at, int64_t n, auto step) {
                      const T *g = dy.as<const T>() + at[0], *from = x.as<const T>() + at[1];
                      T* to = dx.as<T>() + at[2];
                      parallel_for(n, parallel_grain / 16, [=](int64_t begin, int64_t end) {
                        for (int64_t i = begin; i < end; ++i)
                          to[i * step[2]] =
                              g[i * step[0]] * GeluPoint<T>(from[i * step[1]], tanh).slope();
                      });
                    });
  });
}

}  // namespace taper::kernels
