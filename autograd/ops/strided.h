#pragma once

#include <optional>

#include "autograd/ops/sample.h"

namespace taper::ops {

/// A view with the given sizes and strides; `offset` is where it starts, from x's first element.
struct AsStrided {
  static constexpr OpInfo info{
      .name = "as_strided",
      .formula = "y[i] = the element at storage_offset + strides . i of x's memory",
      .grad = "dx = embed_strided(dy); of x with strides, read from memory as its own",
      .doc = "View with the given sizes, strides and, from the start of the storage, offset"};
  Shape sizes, strides;
  int64_t offset = 0;
  Shape x_strides;  ///< empty: x is packed
  FIELDS(sizes, strides, offset, x_strides)

  /// LibTorch's form.
  static Tensor call(const Tensor& x, IntList sizes, IntList strides,
                     std::optional<int64_t> storage_offset);
  void infer(Inputs x, Specs& y) const;
  Tensor dx(Dy dy, InShape<0> s) const;
  static constexpr auto grads = rules(&AsStrided::dx);
  Tensor reference(const tensor_list& x) const;
  static std::vector<Sample> samples();
};

/// as_strided of a packed tensor, by an offset from its first element.
Tensor strided_part(const Tensor& packed, IntList sizes, IntList strides, int64_t offset);

/// Zeros of a shape with x added at the places that strides and offset name: the adjoint of
/// AsStrided.
struct EmbedStrided {
  static constexpr OpInfo info{.name = "embed_strided",
                               .formula = "y = zeros(shape), y[offset + strides . i] += x[i]",
                               .grad = "dx = as_strided(dy)",
                               .doc = "Adds x's elements into zeros, at strided places"};
  Shape shape, strides;
  int64_t offset = 0;
  FIELDS(shape, strides, offset)

  static Tensor call(const Tensor& x, IntList shape, IntList strides, int64_t offset) {
    return apply(EmbedStrided{shape, strides, offset}, x);
  }
  void infer(Inputs x, Specs& y) const;
  void forward(Inputs x, Outputs y) const;
  Tensor dx(Dy dy, InShape<0> s) const { return strided_part(dy.contiguous(), s, strides, offset); }
  static constexpr auto grads = rules(&EmbedStrided::dx);
  Tensor reference(const tensor_list& x) const;
  static std::vector<Sample> samples();
};

/// A copy of base in which the elements at strided places come from v: what an in-place write to a
/// view means for its base.
struct PutStrided {
  static constexpr OpInfo info{.name = "put_strided",
                               .formula = "y = base, y[offset + strides . i] = v[i]",
                               .grad = "dbase = put_strided(dy, 0); dv = as_strided(dy)",
                               .doc = "base with the elements of a view replaced by v"};
  Shape sizes;  ///< of v
  Shape strides;
  int64_t offset = 0;
  FIELDS(sizes, strides, offset)

  static Tensor call(const Tensor& base, const Tensor& v, IntList strides, int64_t offset) {
    return apply(PutStrided{v.sizes(), strides, offset}, base, v);
  }
  void infer(Inputs x, Specs& y) const;
  void forward(Inputs x, Outputs y) const;
  Tensor dbase(Dy dy) const;
  Tensor dv(Dy dy) const { return strided_part(dy.contiguous(), sizes, strides, offset); }
  static constexpr auto grads = rules(&PutStrided::dbase, &PutStrided::dv);
  Tensor reference(const tensor_list& x) const;
  static std::vector<Sample> samples();
};

}  // namespace taper::ops
