#pragma once

#include <optional>

#include "autograd/ops/sample.h"

namespace taper::ops {

/// View of a packed tensor by strides; the adjoint of EmbedStrided.
struct AsStrided {
  static constexpr OpInfo info{
      .name = "as_strided",
      .formula = "y[i] = x[offset + strides . i]",
      .grad = "dx = embed_strided(dy)",
      .doc = "View with the given sizes, strides and offset into x's memory"};
  Shape sizes, strides;
  int64_t offset = 0;
  FIELDS(sizes, strides, offset)

  static Tensor call(const Tensor& x, IntList sizes, IntList strides, int64_t offset);
  void infer(Inputs x, Specs& y) const;
  Tensor dx(Dy dy, InShape<0> s) const;
  static constexpr auto grads = rules(&AsStrided::dx);
  Tensor reference(const tensor_list& x) const;
  static std::vector<Sample> samples();
};

/// Zeros of a shape with x added at the places that strides and offset name: the adjoint of
/// AsStrided.
struct EmbedStrided {
  static constexpr OpInfo info{.name = "embed_strided",
                               .formula = "y[offset + strides . i] += x[i], y zeros of `shape`",
                               .grad = "dx = as_strided(dy)",
                               .doc = "Adds x's elements into zeros, at strided places"};
  Shape shape, strides;
  int64_t offset = 0;
  FIELDS(shape, strides, offset)

  static Tensor call(const Tensor& x, IntList shape, IntList strides, int64_t offset);
  void infer(Inputs x, Specs& y) const;
  void forward(Inputs x, Outputs y) const;
  Tensor dx(Dy dy, InShape<0> s) const;
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

  static Tensor call(const Tensor& base, const Tensor& v, IntList strides, int64_t offset);
  void infer(Inputs x, Specs& y) const;
  void forward(Inputs x, Outputs y) const;
  Tensor dbase(Dy dy) const;
  Tensor dv(Dy dy) const;
  static constexpr auto grads = rules(&PutStrided::dbase, &PutStrided::dv);
  Tensor reference(const tensor_list& x) const;
  static std::vector<Sample> samples();
};

}  // namespace taper::ops
