#include "autograd/ops/strided.h"

#include "autograd/graph/view.h"
#include "autograd/kernels/strided_loop.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// Whether all places that a geometry names lie in a packed tensor of n elements.
static void check_bounds(const OpInfo& info, IntList sizes, IntList strides, int64_t offset,
                         int64_t n) {
  if (sizes.size() != strides.size())
    fail(info.name, "{} sizes and {} strides; expected one stride for each size", sizes.size(),
         strides.size());
  int64_t last = offset;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] < 0 || strides[d] < 0)
      fail(info.name, "sizes {} and strides {}; expected no negative ones", sizes, strides);
    if (sizes[d] == 0) return;
    int64_t reach = 0;
    if (__builtin_mul_overflow(sizes[d] - 1, strides[d], &reach) ||
        __builtin_add_overflow(last, reach, &last))
      fail(info.name, "sizes {} and strides {} overflow", sizes, strides);
  }
  if (offset < 0 || last >= n)
    fail_index(info.name, "sizes {}, strides {}, offset {} reach element {} of a tensor of {}",
               sizes, strides, offset, last, n);
}

/// y[places] = or += x.
static void write_strided(const Buffer& x, const Buffer& y, const Shape& strides, int64_t offset,
                          bool add) {
  dispatch(x.dtype, [&](auto t) {
    using T = decltype(t);
    T* out = y.as<T>() + offset;
    kernels::strided_loop<2>(
        x.sizes, {Shape(x.strides), strides}, [&](auto at, int64_t n, auto step) {
          const T* from = x.as<T>() + at[0];
          T* to = out + at[1];
          for (int64_t i = 0; i < n; ++i)
            to[i * step[1]] = add ? T(to[i * step[1]] + from[i * step[0]]) : from[i * step[0]];
        });
  });
}

// as_strided goes back to the tensor that a view looks into, so that its places are those of packed
// memory.
Tensor AsStrided::call(const Tensor& x, IntList sizes, IntList strides, int64_t offset) {
  AsStrided op;
  op.sizes = sizes;
  op.strides = strides;
  op.offset = offset;
  return apply(op, x);
}

void AsStrided::infer(Inputs x, Specs& y) const {
  if (!x[0].is_contiguous())
    fail(info.name, "the tensor of shape {} has strides {}; expected contiguous()", x[0].sizes(),
         x[0].strides());
  check_bounds(info, sizes, strides, offset, x[0].numel());
  y.view(0, sizes, strides, x[0].storage_offset() + offset);
}

Tensor AsStrided::dx(Dy dy, InShape<0> s) const { return embed_strided(dy, s, strides, offset); }

Tensor AsStrided::reference(const tensor_list& x) const {
  Tensor y = empty(sizes, {.dtype = x[0].dtype()});
  Shape index(sizes.size(), 0);
  for (int64_t i = 0; i < y.numel(); ++i) {
    int64_t rest = i, at = offset;
    for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) at += rest % sizes[d] * strides[d];
    y.data_ptr<double>()[i] = x[0].data_ptr<double>()[at];
  }
  return y;
}

std::vector<Sample> AsStrided::samples() {
  auto op = [](Shape sizes, Shape strides, int64_t offset) {
    AsStrided o;
    o.sizes = sizes;
    o.strides = strides;
    o.offset = offset;
    return o;
  };
  return {{{{{4, 5}}}, op({3, 2}, {5, 2}, 1)}, {{{{10}}}, op({4, 4}, {2, 1}, 0)}};
}

Tensor EmbedStrided::call(const Tensor& x, IntList shape, IntList strides, int64_t offset) {
  EmbedStrided op;
  op.shape = shape;
  op.strides = strides;
  op.offset = offset;
  return apply(op, x);
}

void EmbedStrided::infer(Inputs x, Specs& y) const {
  check_bounds(info, x[0].sizes(), strides, offset, numel(shape));
  y.fresh(shape, x[0].dtype());
}

void EmbedStrided::forward(Inputs x, Outputs y) const {
  Buffer out = plain(y[0]);
  std::memset(out.data, 0, size_t(y[0].nbytes()));
  write_strided(plain(x[0]), out, strides, offset, true);
}

Tensor EmbedStrided::dx(Dy dy, InShape<0> s) const {
  return as_strided(dy.contiguous(), s, strides, offset);
}

Tensor EmbedStrided::reference(const tensor_list& x) const {
  Tensor y = zeros(shape, {.dtype = x[0].dtype()});
  Tensor from = x[0].contiguous();
  for (int64_t i = 0; i < from.numel(); ++i) {
    int64_t rest = i, at = offset;
    for (size_t d = strides.size(); d-- > 0; rest /= from.size(int64_t(d)))
      at += rest % from.size(int64_t(d)) * strides[d];
    y.data_ptr<double>()[at] += from.data_ptr<double>()[i];
  }
  return y;
}

std::vector<Sample> EmbedStrided::samples() {
  EmbedStrided apart, overlapping;
  apart.shape = {4, 5};
  apart.strides = {5, 2};
  apart.offset = 1;
  overlapping.shape = {10};
  overlapping.strides = {2, 1};
  return {{{{{3, 2}}}, apart}, {{{{4, 4}}}, overlapping}};
}

Tensor PutStrided::call(const Tensor& base, const Tensor& v, IntList strides, int64_t offset) {
  PutStrided op;
  op.sizes = v.sizes();
  op.strides = strides;
  op.offset = offset;
  return apply(op, base, v);
}

void PutStrided::infer(Inputs x, Specs& y) const {
  if (!(x[1].sizes() == IntList(sizes)))
    fail(info.name, "values of shape {}; expected {}", x[1].sizes(), sizes);
  check_bounds(info, sizes, strides, offset, x[0].numel());
  y.fresh(x[0].sizes(), x[0].dtype());
}

void PutStrided::forward(Inputs x, Outputs y) const {
  Buffer out = plain(y[0]);
  write_strided(plain(x[0]), out, out.strides, 0, false);
  write_strided(plain(x[1]), out, strides, offset, false);
}

Tensor PutStrided::dbase(Dy dy) const {
  return put_strided(dy, zeros(sizes, {.dtype = dy.dtype()}), strides, offset);
}

Tensor PutStrided::dv(Dy dy) const { return as_strided(dy.contiguous(), sizes, strides, offset); }

Tensor PutStrided::reference(const tensor_list& x) const {
  Tensor y = x[0].contiguous().clone(), v = x[1].contiguous();
  for (int64_t i = 0; i < v.numel(); ++i) {
    int64_t rest = i, at = offset;
    for (size_t d = strides.size(); d-- > 0; rest /= v.size(int64_t(d)))
      at += rest % v.size(int64_t(d)) * strides[d];
    y.data_ptr<double>()[at] = v.data_ptr<double>()[i];
  }
  return y;
}

std::vector<Sample> PutStrided::samples() {
  PutStrided op;
  op.sizes = {3, 2};
  op.strides = {5, 2};
  op.offset = 1;
  return {{{{{4, 5}}, {{3, 2}}}, op}};
}

}  // namespace taper::ops

#define FAMILY "autograd/ops/strided.def"
#include "autograd/ops/define.h"
