#pragma once

#include <tuple>
#include <utility>

#include "autograd/kernels/strided_copy.h"
#include "autograd/kernels/strided_loop.h"

namespace taper::kernels {

/// An operand of a pointwise loop: its memory, read as T.
template <class T>
struct Source {
  const Buffer& buffer;
};

namespace detail {

template <class Y, class F, class... X, size_t... I>
void map_sources(const Buffer& y, const F& f, std::index_sequence<I...>, const Source<X>&... x) {
  Y* py = y.as<Y>();
  std::tuple<const X*...> p{x.buffer.template as<const X>()...};
  auto inner = [=](const auto& at, int64_t n, const auto& step) {
    Y* to = py + at[0];
    [[maybe_unused]] std::tuple<const X*...> from{std::get<I>(p) + at[I + 1]...};
    if (((step[0] == 1) && ... && (step[I + 1] == 1)))
      for (int64_t i = 0; i < n; ++i) to[i] = f(std::get<I>(from)[i]...);
    else
      for (int64_t i = 0; i < n; ++i) to[i * step[0]] = f(std::get<I>(from)[i * step[I + 1]]...);
  };
  if (y.contiguous && (... && (x.buffer.contiguous && x.buffer.numel == y.numel)))
    return parallel_for(y.numel, parallel_grain, [&](int64_t begin, int64_t end) {
      std::array<int64_t, sizeof...(X) + 1> at, step;
      at.fill(begin);
      step.fill(1);
      inner(at, end - begin, step);
    });
  parallel_strided_loop<sizeof...(X) + 1>(
      y.sizes, {Shape(y.strides), broadcast_strides(x.buffer, y.sizes)...}, inner);
}

}  // namespace detail

/// y = f(x0, x1, ..) element by element, in type Y, the x broadcast to y's shape.
template <class Y, class F, class... X>
void map(const Buffer& y, const F& f, const Source<X>&... x) {
  detail::map_sources<Y>(y, f, std::index_sequence_for<X...>(), x...);
}

/// y = x, of one type T.
template <class T>
void copy(const Buffer& x, const Buffer& y) {
  strided_copy(x, y);
}

/// y = value everywhere.
template <class Y>
void fill(const Buffer& y, Y value) {
  map<Y>(y, [=] { return value; });
}

}  // namespace taper::kernels
