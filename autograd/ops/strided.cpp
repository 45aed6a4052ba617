#include "autograd/ops/strided.h"

#include "autograd/graph/view.h"
#include "autograd/kernels/strided_copy.h"
#include "autograd/kernels/strided_loop.h"
#include "autograd/kernels/wrapping.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// Throws unless all places that a geometry names lie in memory of n elements.
static void check_bounds(const OpInfo& info, IntList sizes, IntList strides, int64_t offset,
                         int64_t n, const char* memory = "tensor") {
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
               "sizes {}, strides {}, offset {} reach element {} of a {}; expected places below {}",
               sizes, strides, offset, last, memory, n);
}

/// y[places] = x.
static void write_strided(const Buffer& x, const Buffer& y, const Shape& strides, int64_t offset) {
  size_t bytes = info(x.dtype).size;
  kernels::strided_copy(bytes, x.sizes, x.data, Shape(x.strides),
                        y.as<std::byte>() + offset * int64_t(bytes), strides);
}

/// y[places] += x.
static void add_strided(const Buffer& x, const Buffer& y, const Shape& strides, int64_t offset) {
  dispatch(x.dtype, [&](auto t) {
    using T = decltype(t);
    T* out = y.as<T>() + offset;
    kernels::strided_loop<2>(
        x.sizes, {Shape(x.strides), strides}, [&](auto at, int64_t n, auto step) {
          const T* from = x.as<T>() + at[0];
          T* to = out + at[1];
          for (int64_t i = 0; i < n; ++i)
            to[i * step[1]] = kernels::wrapping_sum(to[i * step[1]], from[i * step[0]]);
        });
  });
}

Tensor strided_part(const Tensor& packed, IntList sizes, IntList strides, int64_t offset) {
  return apply(AsStrided{sizes, strides, offset, {}}, packed);
}

Tensor AsStrided::call(const Tensor& x, IntList sizes, IntList strides,
                       std::optional<int64_t> storage_offset) {
  int64_t from = x.storage_offset(), at = storage_offset.value_or(from);
  if (at < 0) fail_index(info.name, "storage_offset {}; expected 0 or more", at);
  return apply(
      AsStrided{sizes, strides, at - from, x.is_contiguous() ? Shape() : Shape(x.strides())}, x);
}

void AsStrided::infer(Inputs x, Specs& y) const {
  if (x_strides.empty() && !x[0].is_contiguous())
    fail(info.name, "the tensor of shape {} has strides {}; expected contiguous()", x[0].sizes(),
         x[0].strides());
  int64_t at = x[0].storage_offset() + offset;
  int64_t elements = int64_t(x[0].impl()->storage->bytes) / x[0].element_size();
  check_bounds(info, sizes, strides, at, elements, "storage");
  y.view(0, sizes, strides, at);
}

/// How far from its first element the last one of a geometry lies; -1 if it has none.
static int64_t reach(IntList sizes, IntList strides) {
  int64_t last = 0;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 0) return -1;
    last += (sizes[d] - 1) * strides[d];
  }
  return last;
}

// As LibTorch: dy is added up in memory that both x and the view fit into; x reads its part of it,
// where several of its elements share memory a share of the sum each.
Tensor AsStrided::dx(Dy dy, InShape<0> s) const {
  Shape own = x_strides.empty() ? contiguous_strides(s) : x_strides;
  int64_t last = reach(s, own), start = std::min<int64_t>(offset, 0);
  if (x_strides.empty() && start == 0 && offset + reach(sizes, strides) <= last)
    return embed_strided(dy, s, strides, offset);
  int64_t n = std::max(last, offset + reach(sizes, strides)) - start + 1;
  Tensor memory = embed_strided(dy, n, strides, offset - start);
  Tensor part = strided_part(memory, s, own, -start);
  if (x_strides.empty()) return part;
  Tensor counts = embed_strided(ones(s, {.dtype = dy.dtype()}), n, own, -start);
  return part / strided_part(counts, s, own, -start);
}

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
  auto of = [](Shape sizes, std::string label, Tensor (*f)(const Tensor& x), Shape out,
               int64_t (*place)(const Shape& i)) {
    auto run = [f](const tensor_list& x) { return tensor_list{f(x[0].contiguous())}; };
    auto slow = [=](const tensor_list& x) {
      Tensor packed = reshaped(x[0], x[0].numel());
      return tensor_list{
          tabulate(out, float64, [&](const Shape& i) { return element_at(packed, {place(i)}); })};
    };
    return Sample({{sizes}}, std::move(label), run, slow).of_fixed_shapes();
  };
  return {{{{{4, 5}}}, AsStrided{{3, 2}, {5, 2}, 1, {}}},
          {{{{10}}}, AsStrided{{4, 4}, {2, 1}, 0, {}}},
          of(
              {3, 4}, "of a transpose", [](auto& x) { return x.t().as_strided({5}, {2}, 1); }, {5},
              [](auto& i) { return 1 + 2 * i[0]; }),
          of(
              {3}, "of repeated elements",
              [](auto& x) {
                return x.expand({2, 3}).as_strided({2, 2}, {1, 1});
              },
              {2, 2}, [](auto& i) { return i[0] + i[1]; })};
}

void EmbedStrided::infer(Inputs x, Specs& y) const {
  check_bounds(info, x[0].sizes(), strides, offset, numel(shape));
  y.fresh(shape, x[0].dtype());
}

void EmbedStrided::forward(Inputs x, Outputs y) const {
  Buffer out = plain(y[0]);
  std::memset(out.data, 0, size_t(y[0].nbytes()));
  add_strided(plain(x[0]), out, strides, offset);
}

Tensor EmbedStrided::reference(const tensor_list& x) const {
  Tensor y = zeros(shape, {.dtype = float64});
  for_each_index(x[0].sizes(), [&](const Shape& i) {
    y.data_ptr<double>()[place_of(i, strides, offset)] += element_at(x[0], i);
  });
  return y;
}

std::vector<Sample> EmbedStrided::samples() {
  return {{{{{3, 2}}}, EmbedStrided{{4, 5}, {5, 2}, 1}},
          {{{{4, 4}}}, EmbedStrided{{10}, {2, 1}, 0}}};
}

void PutStrided::infer(Inputs x, Specs& y) const {
  if (x[1].dtype() != x[0].dtype())
    fail(info.name, "values are {}, the tensor {}; expected one type", x[1].dtype(), x[0].dtype());
  check_bounds(info, x[1].sizes(), strides, offset, x[0].numel());
  y.fresh(x[0].sizes(), x[0].dtype());
}

void PutStrided::forward(Inputs x, Outputs y) const {
  Buffer out = plain(y[0]);
  write_strided(plain(x[0]), out, out.strides, 0);
  write_strided(plain(x[1]), out, strides, offset);
}

Tensor PutStrided::dbase(Dy dy) const {
  return put_strided(dy, zeros(sizes, {.dtype = dy.dtype()}), strides, offset);
}

Tensor PutStrided::reference(const tensor_list& x) const {
  Tensor y = reshaped(x[0], x[0].sizes());
  for_each_index(x[1].sizes(), [&](const Shape& i) {
    y.data_ptr<double>()[place_of(i, strides, offset)] = element_at(x[1], i);
  });
  return y;
}

std::vector<Sample> PutStrided::samples() {
  return {{{{{4, 5}}, {{3, 2}}}, PutStrided{{3, 2}, {5, 2}, 1}}};
}

}  // namespace taper::ops

#define FAMILY "autograd/ops/strided.def"
#include "autograd/ops/define.h"
