#pragma once

#include "autograd/ops/strided.h"

namespace taper::ops {

/// What a view shows of a tensor: sizes, strides, and how far from its first element it starts.
struct Geometry {
  Shape sizes;
  Shape strides;
  int64_t offset = 0;
};

/// Base of the ops that only look differently at the same memory. Self says how, for any sizes and
/// strides: `void look(Geometry& g) const` turns the input's geometry into the view's. The gradient
/// puts dy back into zeros of the input's shape, at the places the view would have in a packed
/// tensor.
template <class Self>
struct ViewOp {
  void infer(Inputs x, Specs& y) const {
    Geometry g{x[0].sizes(), x[0].strides(), 0};
    self().look(g);
    y.view(0, g.sizes, g.strides, x[0].storage_offset() + g.offset);
  }
  Tensor embed(Dy dy, InShape<0> s) const {
    Geometry g{s, contiguous_strides(s), 0};
    self().look(g);
    return embed_strided(dy, s, g.strides, g.offset);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

/// Strides with which `sizes` shows the elements of g in the same order, or nothing if it takes a
/// copy.
std::optional<Shape> strides_for_view(const Geometry& g, IntList sizes);

/// sizes with a -1 replaced by what is left of `numel`; throws where that does not work out.
Shape inferred_sizes(std::string_view op, IntList sizes, int64_t numel, IntList from);

}  // namespace taper::ops
