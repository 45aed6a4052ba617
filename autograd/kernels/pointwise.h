#pragma once

#include "autograd/kernels/parallel.h"
#include "autograd/kernels/strided_loop.h"

namespace taper::kernels {

/// y = f(x) element by element, x broadcast to y's shape; X and Y are the element types.
template <class X, class Y, class F>
void map(const Buffer& x, const Buffer& y, F f) {
  const X* px = x.as<X>();
  Y* py = y.as<Y>();
  if (x.contiguous && y.contiguous && x.numel == y.numel)
    return parallel_for(y.numel, parallel_grain, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) py[i] = f(px[i]);
    });
  strided_loop<2>(y.sizes, {broadcast_strides(x, y.sizes), Shape(y.strides)},
                  [=](auto at, int64_t n, auto step) {
                    for (int64_t i = 0; i < n; ++i)
                      py[at[1] + i * step[1]] = f(px[at[0] + i * step[0]]);
                  });
}

/// y = value everywhere.
template <class Y>
void fill(const Buffer& y, Y value) {
  Y* py = y.as<Y>();
  strided_loop<1>(y.sizes, {Shape(y.strides)}, [=](auto at, int64_t n, auto step) {
    for (int64_t i = 0; i < n; ++i) py[at[0] + i * step[0]] = value;
  });
}

/// y = f(a, b) element by element, a and b broadcast to y's shape.
template <class X, class Y, class F>
void map2(const Buffer& a, const Buffer& b, const Buffer& y, F f) {
  const X* pa = a.as<X>();
  const X* pb = b.as<X>();
  Y* py = y.as<Y>();
  if (a.contiguous && b.contiguous && y.contiguous && a.numel == y.numel && b.numel == y.numel)
    return parallel_for(y.numel, parallel_grain, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) py[i] = f(pa[i], pb[i]);
    });
  strided_loop<3>(y.sizes,
                  {broadcast_strides(a, y.sizes), broadcast_strides(b, y.sizes), Shape(y.strides)},
                  [=](auto at, int64_t n, auto step) {
                    for (int64_t i = 0; i < n; ++i)
                      py[at[2] + i * step[2]] = f(pa[at[0] + i * step[0]], pb[at[1] + i * step[1]]);
                  });
}

}  // namespace taper::kernels
