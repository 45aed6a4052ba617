#include <limits>

#include "autograd/kernels/strided_copy.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

struct Cat {
  static constexpr OpInfo info{
      .name = "cat",
      .formula = "y = x0, x1, .. one behind the other along dim",
      .grad = "dx_i = narrow(dy, dim, start_i, size_i)",
      .doc = "Joins tensors along a dimension; of different types, in the one that holds all"};
  int64_t dim = 0;
  std::vector<int64_t> sizes;  ///< of each input along dim
  FIELDS(dim, sizes)

  static Tensor call(TensorList tensors, int64_t dim) {
    if (tensors.empty()) fail(info.name, "no tensors; expected at least one");
    Dtype d = tensors[0].dtype();
    for (const Tensor& t : tensors) d = promote_types(d, t.dtype());
    tensor_list parts = without_legacy_empty(tensors, d);
    if (parts.empty()) return empty({0}, {.dtype = d});
    Cat op;
    op.dim = wrap_dim(info.name, dim, size_t(parts[0].dim()));
    for (const Tensor& t : parts)
      op.sizes.push_back(t.dim() ? t.size(std::min(op.dim, t.dim() - 1)) : 0);
    return apply_list(op, parts)[0];
  }
  void infer(Inputs x, Specs& y) const {
    Shape out(x[0].sizes());
    for (size_t i = 0; i < x.size(); ++i) {
      IntList s = x[i].sizes();
      if (s.empty()) fail(info.name, "tensor {} is 0-dim; expected at least one dimension", i);
      bool fits = s.size() == out.size();
      for (size_t d = 0; fits && d < s.size(); ++d) fits = int64_t(d) == dim || s[d] == out[d];
      if (!fits)
        fail(info.name,
             "tensor {} has shape {}, tensor 0 {}; expected equal sizes but in dimension {}", i, s,
             x[0].sizes(), dim);
    }
    out[size_t(dim)] = 0;
    for (int64_t n : sizes) out[size_t(dim)] += n;
    y.fresh(out, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer region = plain(y[0]);
    size_t row = size_t(region.strides[size_t(dim)] * y[0].element_size());
    for (size_t i = 0; i < x.size(); ++i) {
      Buffer from = plain(x[i]);
      region.sizes = from.sizes;
      region.numel = from.numel;
      region.contiguous = is_contiguous(from.sizes, region.strides);
      kernels::strided_copy(from, region);
      region.data = static_cast<std::byte*>(region.data) + size_t(sizes[i]) * row;
    }
  }
  tensor_list backward(const Wanted& wanted, Dy dy) const {
    tensor_list dx(sizes.size());
    int64_t start = 0;
    for (size_t i = 0; i < dx.size(); start += sizes[i++])
      if (wanted[int(i)]) dx[i] = dy.narrow(dim, start, sizes[i]);
    return dx;
  }
  static std::vector<Sample> samples();

 private:
  /// Tensors of shape {0} join with any others.
  static tensor_list without_legacy_empty(TensorList tensors, Dtype d) {
    tensor_list parts;
    bool vectors = true;
    for (const Tensor& t : tensors) vectors = vectors && t.dim() == 1;
    for (const Tensor& t : tensors)
      if (vectors || !(t.sizes() == IntList(0))) parts.push_back(t.to(d));
    return parts;
  }
};

static tensor_list cat_reference(const tensor_list& x, int64_t dim) {
  Shape out(x[0].sizes());
  size_t d = size_t(dim);
  out[d] = 0;
  for (const Tensor& t : x) out[d] += t.size(dim);
  return {tabulate(out, x[0].dtype(), [&](Shape i) {
    size_t k = 0;
    for (; i[d] >= x[k].size(dim); ++k) i[d] -= x[k].size(dim);
    return element_at(x[k], i);
  })};
}

std::vector<Sample> Cat::samples() {
  auto along = [](int64_t dim, std::vector<SampleInput> inputs, const char* label) {
    return Sample(
        std::move(inputs), label, [=](auto& x) { return tensor_list{cat(x, dim)}; },
        [=](auto& x) { return cat_reference(x, dim); });
  };
  return {along(0, {{{2, 3}}, {{1, 3}}}, "rows"),
          along(1, {{{2, 3}}, {{2, 1}}, {{2, 0}}}, "columns"), along(0, {{{4}}}, "one")};
}

struct Stack {
  static constexpr OpInfo info{.name = "stack",
                               .formula = "y[.., i, ..] = x_i",
                               .doc = "Joins tensors of one shape along a new dimension"};
  static Tensor call(TensorList tensors, int64_t dim) {
    if (tensors.empty()) fail(info.name, "no tensors; expected at least one");
    dim = wrap_dim(info.name, dim, size_t(tensors[0].dim() + 1));
    tensor_list parts;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (!(tensors[i].sizes() == tensors[0].sizes()))
        fail(info.name, "tensor {} has shape {}, tensor 0 {}; expected one shape", i,
             tensors[i].sizes(), tensors[0].sizes());
      parts.push_back(tensors[i].unsqueeze(dim));
    }
    return cat(parts, dim);
  }
  static std::vector<Sample> samples() {
    auto along_last = [](const tensor_list& x) {
      Shape out = x[0].sizes();
      out.push_back(int64_t(x.size()));
      return tensor_list{tabulate(out, float64, [&](const Shape& i) {
        return element_at(x[size_t(i.back())], IntList(i).slice(0, i.size() - 1));
      })};
    };
    auto run = [](const tensor_list& x) { return tensor_list{stack(x, -1)}; };
    return {{{{{2, 3}}, {{2, 3}}}, "-1", run, along_last},
            {{{{}}, {{}}}, "numbers", run, along_last}};
  }
};

static int64_t size_to_split(const OpInfo& info, const Tensor& x, int64_t dim) {
  if (x.dim() == 0) fail(info.name, "a 0-dim tensor; expected at least one dimension");
  return x.size(wrap_dim(info.name, dim, size_t(x.dim())));
}

/// n cut into parts of `size`, a smaller last one; at least `least` of them.
static std::vector<int64_t> part_sizes(int64_t n, int64_t size, int64_t least) {
  std::vector<int64_t> sizes;
  for (; n > 0 || int64_t(sizes.size()) < least; n -= sizes.back())
    sizes.push_back(std::min(size, n));
  return sizes;
}

/// Rows [from, to), or as many of them as there are.
static Tensor rows_of(const Tensor& x, int64_t from, int64_t to) {
  Shape out = x.sizes();
  out[0] = std::max<int64_t>(std::min(to, out[0]) - from, 0);
  return moved(x, out, [&](Shape i) {
    i[0] += from;
    return i;
  });
}

struct SplitSizes {
  static constexpr OpInfo info{.name = "split",
                               .formula = "y_i = sizes[i] places of x along dim",
                               .grad = "dx = cat(dy_0, dy_1, .., dim)",
                               .doc = "Parts of the given sizes along a dimension; views"};
  int64_t dim = 0;
  std::vector<int64_t> sizes;
  FIELDS(dim, sizes)

  static tensor_list call(const Tensor& x, IntList sizes, int64_t dim) {
    return parts(x, sizes.vec(), dim);
  }
  static tensor_list parts(const Tensor& x, std::vector<int64_t> sizes, int64_t dim) {
    check(sizes, size_to_split(info, x, dim), dim, x.sizes());
    SplitSizes op;
    op.dim = wrap_dim(info.name, dim, size_t(x.dim()));
    op.sizes = std::move(sizes);
    return apply_list(op, {x});
  }
  size_t outputs(Inputs) const { return sizes.size(); }
  void infer(Inputs x, Specs& y) const {
    Shape part(x[0].sizes()), strides(x[0].strides());
    int64_t at = x[0].storage_offset();
    for (int64_t s : sizes) {
      part[size_t(dim)] = s;
      y.view(0, part, strides, at);
      at += s * strides[size_t(dim)];
    }
  }
  tensor_list backward(const Wanted& wanted) const {
    const BackwardContext& context = *wanted.context;
    Shape gap(wanted.shape(0));  // parts side by side without a gradient
    gap[size_t(dim)] = 0;
    tensor_list dy;
    auto fill_gap = [&] {
      if (gap[size_t(dim)]) dy.push_back(zeros(gap, {.dtype = context.node().output(0).dtype}));
      gap[size_t(dim)] = 0;
    };
    for (size_t i = 0; i < sizes.size(); ++i) {
      const Tensor& part = context.dy_or_undefined(int(i));
      if (part.defined()) {
        fill_gap();
        dy.push_back(part);
      } else {
        gap[size_t(dim)] += sizes[i];
      }
    }
    fill_gap();
    return {cat(dy, dim)};
  }
  static std::vector<Sample> samples() {
    return {{{{{2, 5}}},
             "2, 0, 3 along 1",
             [](auto& x) {
               return x[0].split({2, 0, 3}, 1);
             },
             [](auto& x) {
               auto columns = [&](int64_t from, int64_t to) {
                 return moved(x[0], {x[0].size(0), to - from}, [&](auto& i) {
                   return Shape{i[0], i[1] + from};
                 });
               };
               return tensor_list{columns(0, 2), columns(2, 2), columns(2, 5)};
             }},
            {{{{7}}},
             "the middle ones of five",
             [](auto& x) {
               tensor_list y = x[0].split({1, 2, 1, 2, 1});
               return tensor_list{y[1], y[3]};
             },
             [](auto& x) {
               return tensor_list{rows_of(x[0], 1, 3), rows_of(x[0], 4, 6)};
             }},
            {{{{5, 2}}},
             "2, 0, 3",
             [](auto& x) {
               return x[0].split({2, 0, 3});
             },
             [](auto& x) {
               return tensor_list{rows_of(x[0], 0, 2), rows_of(x[0], 2, 2), rows_of(x[0], 2, 5)};
             }}};
  }

 private:
  static void check(IntList sizes, int64_t n, int64_t dim, IntList shape) {
    int64_t rest = n;
    bool fits = true;
    for (int64_t s : sizes) {
      fits = fits && s >= 0 && s <= rest;
      if (fits) rest -= s;
    }
    if (!fits || rest != 0)
      fail(info.name, "sizes {} for dimension {} of shape {}; expected sizes that sum to {}", sizes,
           dim, shape, n);
  }
};

struct Split {
  static constexpr OpInfo info{
      .name = "split",
      .formula = "y_i = x[.., i size : (i + 1) size, ..]",
      .doc = "Parts of a size along a dimension, the last one perhaps smaller; views"};
  static tensor_list call(const Tensor& x, int64_t size, int64_t dim) {
    int64_t n = size_to_split(info, x, dim);
    if (size < 0 || (size == 0 && n > 0)) fail(info.name, "parts of {}; expected 1 or more", size);
    return SplitSizes::parts(x, part_sizes(n, size, 1), dim);
  }
  static std::vector<Sample> samples() {
    return {{{{{5, 2}}},
             "2",
             [](auto& x) { return x[0].split(2); },
             [](auto& x) {
               tensor_list parts{rows_of(x[0], 0, 2)};
               for (int64_t at = 2; at < x[0].size(0); at += 2)
                 parts.push_back(rows_of(x[0], at, at + 2));
               return parts;
             }}};
  }
};

struct Chunk {
  static constexpr OpInfo info{
      .name = "chunk",
      .formula = "y_i = x[.., i n : (i + 1) n, ..], n = ceil(size / chunks)",
      .doc = "About so many equal parts along a dimension, perhaps fewer; views"};
  static tensor_list call(const Tensor& x, int64_t chunks, int64_t dim) {
    int64_t n = size_to_split(info, x, dim);
    if (chunks <= 0) fail(info.name, "{} chunks; expected 1 or more", chunks);
    if (constexpr int64_t most = 1 << 20; n == 0 && chunks > most)
      fail(info.name, "{} chunks of an empty dimension; expected at most {}", chunks, most);
    int64_t size = n / chunks + (n % chunks != 0);
    return SplitSizes::parts(x, part_sizes(n, size, n == 0 ? chunks : 1), dim);
  }
  static std::vector<Sample> samples() {
    return {{{{{7, 2}}},
             "3",
             [](auto& x) { return x[0].chunk(3); },
             [](auto& x) {
               return tensor_list{rows_of(x[0], 0, 3), rows_of(x[0], 3, 6), rows_of(x[0], 6, 7)};
             }},
            {{{{3}}},
             "more than there are places",
             [](auto& x) { return x[0].chunk(std::numeric_limits<int64_t>::max()); },
             [](auto& x) {
               tensor_list parts;
               for (int64_t i = 0; i < x[0].size(0); ++i) parts.push_back(rows_of(x[0], i, i + 1));
               return parts;
             }}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/join.def"
#include "autograd/ops/define.h"
