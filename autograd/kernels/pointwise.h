#pragma once

#include <initializer_list>

#include "autograd/kernels/packed_loop.h"
#include "autograd/kernels/strided_walk.h"

namespace taper::kernels {

/// An operand of a pointwise loop: its memory, read as T.
template <class T>
struct Source {
  const Buffer& buffer;
};

/// Whether elements are computed in vectors, or each by a call of a function that has none.
enum class Work : uint8_t { vectors, calls };

/// y = f(x0, x1, ..) element by element, the x broadcast to y's shape, by a loop over packed
/// memory: what does not lie so is brought into small buffers first, block by block.
void run_pointwise(PackedLoop loop, const void* f, Work work, const Buffer& y,
                   std::initializer_list<const Buffer*> x);

/// y = f(x0, x1, ..) element by element, in type Y, the x broadcast to y's shape.
template <class Y, Work work = Work::vectors, class F, class... X>
void map(const Buffer& y, const F& f, const Source<X>&... x) {
  static_assert(sizeof...(X) < most_operands);
  if (y.numel == 1) {  // the way to a loop would cost five times the op
    *y.as<Y>() = f(*x.buffer.template as<const X>()...);
    return;
  }
  static const PackedLoop loop = packed_loop<F, Y, X...>();
  run_pointwise(loop, &f, work, y, {&x.buffer...});
}

/// y = value everywhere.
template <class Y>
void fill(const Buffer& y, Y value) {
  map<Y>(y, [=] { return value; });
}

}  // namespace taper::kernels
