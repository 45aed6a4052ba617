#include "autograd/ops/strided.h"

#include "autograd/graph/view.h"
#include "autograd/kernels/strided_loop.h"
#include "autograd/ops/reference.h"
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
      fail(info.name, "sizes {} and strides {} overflow; expected places below {}", sizes, strides,
           n);
  }
  if (offset < 0 || last >= n)
    fail_index(info.name,
               "sizes {}, strides {}, offset {} reach element {}; expected places below {}", sizes,
               strides, offset, last, n);
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

/// offset + strides . index
static int64_t place_of(const Shape& index, const Shape& strides, int64_t offset) {
  for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
  return offset;
}

Tensor AsStrided::reference(const tensor_list& x) const {
  Tensor packed = reshaped(x[0], x[0].numel());
  return tabulate(sizes, float64, [&](const Shape& i) {
    return element_at(packed, {place_of(i, strides, offset)});
  });
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
  Tensor y = zeros(shape, {.dtype = float64});
  for_each_index(x[0].sizes(), [&](const Shape& i) {
    y.data_ptr<double>()[place_of(i, strides, offset)] += element_at(x[0], i);
  });
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
  if (x[1].dtype() != x[0].dtype())
    fail(info.name, "values of type {}; expected the tensor's {}", x[1].dtype(), x[0].dtype());
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
  Tensor y = reshaped(x[0], x[0].sizes());
  for_each_index(x[1].sizes(), [&](const Shape& i) {
    y.data_ptr<double>()[place_of(i, strides, offset)] = element_at(x[1], i);
  });
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
