#include "autograd/ops/view.h"

#include "autograd/ops/reference.h"

#include <algorithm>
#include <numeric>

namespace taper::ops {

// Dimensions of g that step through memory evenly form chunks; each new dimension must lie inside
// one chunk.
std::optional<Shape> strides_for_view(const Geometry& g, IntList sizes) {
  if (numel(g.sizes) == 0) return contiguous_strides(sizes);
  Shape out(sizes.size(), 1);
  size_t next = sizes.size();
  int64_t chunk = 1, step = g.strides.empty() ? 1 : g.strides.back();
  for (size_t d = g.sizes.size(); d-- > 0;) {
    chunk *= g.sizes[d];
    if (d > 0 && (g.sizes[d - 1] == 1 || g.strides[d - 1] == chunk * step)) continue;
    int64_t filled = 1;
    for (; next > 0 && (filled < chunk || sizes[next - 1] == 1); filled *= sizes[next])
      out[--next] = filled * step;
    if (filled != chunk) return {};
    chunk = 1;
    step = d > 0 ? g.strides[d - 1] : 1;
  }
  return out;
}

Shape inferred_sizes(std::string_view op, IntList sizes, int64_t n, IntList from) {
  Shape out(sizes);
  int64_t known = 1;
  int open = -1;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == -1 && open < 0)
      open = int(d);
    else if (sizes[d] < 0)
      fail(op, "shape {}; expected sizes of 0 and more, and at most one -1", sizes);
    else if (__builtin_mul_overflow(known, sizes[d], &known))
      fail(op, "shape {} is too large; expected fewer than 2^63 elements", sizes);
  }
  if (open >= 0 && known == 0)
    fail(op, "shape {} leaves -1 open beside a size of 0; expected it written out", sizes);
  if (open >= 0 && n % known == 0) out[size_t(open)] = n / known;
  if (open >= 0 ? n % known != 0 : known != n)
    fail(op, "shape {} for the {} elements of {}; expected as many", sizes, n, from);
  return out;
}

/// The sample of an op that keeps the order of elements.
static Sample reshaping(Shape from, std::string label, Shape to, Tensor (*f)(const Tensor& x)) {
  return Sample(
             {{from}}, std::move(label), [f](const tensor_list& x) { return tensor_list{f(x[0])}; },
             [to](const tensor_list& x) { return tensor_list{reshaped(x[0], to)}; })
      .of_fixed_shapes();
}

/// An index, or sizes, with the first and last place swapped.
static Shape turned(Shape i) {
  if (!i.empty()) std::swap(i[0], i.back());
  return i;
}

struct View {
  static constexpr OpInfo info{
      .name = "view",
      .formula = "y = x with another shape",
      .grad = "dx = reshape(dy, shape(x))",
      .doc = "The same elements in another shape, on the same memory; one size may be -1"};
  Shape sizes;
  FIELDS(sizes)

  static Tensor call(const Tensor& x, IntList sizes) {
    View op;
    op.sizes = inferred_sizes(info.name, sizes, x.numel(), x.sizes());
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    auto strides = strides_for_view({x[0].sizes(), x[0].strides(), 0}, sizes);
    if (!strides)
      fail(info.name,
           "shape {} does not fit sizes {} and strides {} without a copy; expected reshape()",
           sizes, x[0].sizes(), x[0].strides());
    y.view(0, sizes, *strides, x[0].storage_offset());
  }
  Tensor dx(Dy dy, InShape<0> s) const { return dy.reshape(s); }
  static constexpr auto grads = rules(&View::dx);
  static std::vector<Sample> samples() {
    return {reshaping({2, 3, 4}, "[6, -1]", {6, 4},
                      [](auto& x) {
                        return x.contiguous().view({6, -1});
                      }),
            reshaping({6}, "[2, 1, 3]", {2, 1, 3},
                      [](auto& x) {
                        return x.contiguous().view({2, 1, 3});
                      }),
            reshaping({2, 0}, "[0, 5]", {0, 5},
                      [](auto& x) {
                        return x.contiguous().view({0, 5});
                      }),
            reshaping({}, "0-dim to [1, 1]", {1, 1}, [](auto& x) {
              return x.view({1, 1});
            })};
  }
};

struct Reshape {
  static constexpr OpInfo info{.name = "reshape",
                               .formula = "y = x with another shape",
                               .doc = "As view, with a copy where the memory does not allow it"};
  static Tensor call(const Tensor& x, IntList sizes) {
    Shape s = inferred_sizes(info.name, sizes, x.numel(), x.sizes());
    if (strides_for_view({x.sizes(), x.strides(), 0}, s)) return x.view(s);
    return x.contiguous().view(s);
  }
  static std::vector<Sample> samples() {
    auto slow = [](const tensor_list& x) {
      IntList s = x[0].sizes();
      return tensor_list{tabulate(x[0].numel(), float64, [&](const Shape& i) {
        return element_at(x[0], {i[0] / s[1] % s[0], i[0] % s[1], i[0] / (s[0] * s[1])});
      })};
    };
    return {reshaping({2, 3, 4}, "[3, 8]", {3, 8},
                      [](auto& x) {
                        return x.reshape({3, 8});
                      }),
            {{{{2, 3, 4}}},
             "after permute",
             [](auto& x) {
               return tensor_list{x[0].permute({2, 0, 1}).reshape({-1})};
             },
             slow}};
  }
};

struct Flatten {
  static constexpr OpInfo info{
      .name = "flatten",
      .formula = "y = x with dimensions start_dim..end_dim as one",
      .doc = "Joins dimensions; a copy only where the memory does not allow a view"};
  static Tensor call(const Tensor& x, int64_t start, int64_t end) {
    if (x.dim() == 0) return x.reshape({1});
    start = wrap_dim(info.name, start, size_t(x.dim()));
    end = wrap_dim(info.name, end, size_t(x.dim()));
    if (start > end)
      fail(info.name, "start_dim {}, end_dim {}; expected start_dim <= end_dim", start, end);
    Shape sizes;
    for (int64_t d = 0; d < x.dim(); ++d)
      if (d > start && d <= end)
        sizes.back() *= x.size(d);
      else
        sizes.push_back(x.size(d));
    return x.reshape(sizes);
  }
  static std::vector<Sample> samples() {
    return {reshaping({2, 3, 4}, "from 1", {2, 12}, [](auto& x) { return x.flatten(1); }),
            reshaping({2, 3, 4}, "0 to 1", {6, 4}, [](auto& x) { return x.flatten(0, 1); }),
            reshaping({2, 3, 4}, "all", {24}, [](auto& x) { return x.flatten(); }),
            reshaping({}, "0-dim", {1}, [](auto& x) { return x.flatten(); })};
  }
};

struct Permute {
  static constexpr OpInfo info{.name = "permute",
                               .formula = "y[i_dims] = x[i]",
                               .grad = "dx = permute(dy, inverse of dims)",
                               .doc = "Dimensions in another order; a view"};
  Shape dims;
  FIELDS(dims)

  static Tensor call(const Tensor& x, IntList dims) {
    Permute op;
    op.dims = dims;
    for (int64_t& d : op.dims) d = wrap_dim(info.name, d, size_t(x.dim()));
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    Shape sorted = dims;
    std::sort(sorted.begin(), sorted.end());
    for (size_t d = 0; d < sorted.size() || d < size_t(x[0].dim()); ++d)
      if (sorted.size() != size_t(x[0].dim()) || sorted[d] != int64_t(d))
        fail(info.name, "dimensions {} for a tensor of shape {}; expected each of its {} once",
             dims, x[0].sizes(), x[0].dim());
    Geometry g{x[0].sizes(), x[0].strides(), 0};
    for (size_t d = 0; d < dims.size(); ++d) {
      g.sizes[d] = x[0].sizes()[size_t(dims[d])];
      g.strides[d] = x[0].strides()[size_t(dims[d])];
    }
    y.view(0, g.sizes, g.strides, x[0].storage_offset());
  }
  Tensor dx(Dy dy) const {
    Shape inverse(dims.size(), 0);
    for (size_t d = 0; d < dims.size(); ++d) inverse[size_t(dims[d])] = int64_t(d);
    return dy.permute(inverse);
  }
  static constexpr auto grads = rules(&Permute::dx);
  static std::vector<Sample> samples() {
    return {{{{{2, 3, 4}}},
             "(2, 0, -2)",
             [](auto& x) {
               return tensor_list{x[0].permute({2, 0, -2})};
             },
             [](auto& x) {
               IntList s = x[0].sizes();
               return tensor_list{moved(x[0], {s[2], s[0], s[1]}, [](auto& i) {
                 return Shape{i[1], i[2], i[0]};
               })};
             }}};
  }
};

struct Transpose {
  static constexpr OpInfo info{.name = "transpose",
                               .formula = "y = x with dim0 and dim1 swapped",
                               .doc = "Swaps two dimensions; a view"};
  static Tensor call(const Tensor& x, int64_t a, int64_t b) {
    Shape dims(size_t(x.dim()), 0);
    std::iota(dims.begin(), dims.end(), 0);
    a = wrap_dim(info.name, a, dims.size());
    b = wrap_dim(info.name, b, dims.size());
    if (dims.empty()) return x.view({});
    std::swap(dims[size_t(a)], dims[size_t(b)]);
    return x.permute(dims);
  }
  static std::vector<Sample> samples() {
    return {{{{{2, 3, 4}}},
             "0, -1",
             [](auto& x) { return tensor_list{x[0].transpose(0, -1)}; },
             [](auto& x) { return tensor_list{moved(x[0], turned(x[0].sizes()), turned)}; }}};
  }
};

struct T {
  static constexpr OpInfo info{
      .name = "t",
      .formula = "y[j, i] = x[i, j]",
      .doc = "Transpose of a matrix; of fewer dimensions the tensor itself"};
  static Tensor call(const Tensor& x) {
    if (x.dim() > 2)
      fail(info.name, "a tensor of shape {}; expected at most 2 dimensions", x.sizes());
    return x.dim() < 2 ? x.view(x.sizes()) : x.transpose(0, 1);
  }
  static std::vector<Sample> samples() {
    return {{{{{2, 3}}},
             "",
             [](auto& x) { return tensor_list{x[0].t()}; },
             [](auto& x) { return tensor_list{moved(x[0], turned(x[0].sizes()), turned)}; }}};
  }
};

struct Expand {
  static constexpr OpInfo info{.name = "expand",
                               .formula = "y = x repeated along dimensions of size 1",
                               .grad = "dx = sum_to_size(dy, shape(x))",
                               .doc = "Repeats without a copy; -1 keeps a size"};
  Shape sizes;
  FIELDS(sizes)

  static Tensor call(const Tensor& x, IntList sizes) {
    Expand op;
    op.sizes = sizes;
    int64_t lead = int64_t(sizes.size()) - x.dim();
    for (int64_t d = 0; d < int64_t(sizes.size()); ++d)
      if (sizes[size_t(d)] == -1 && d >= lead) op.sizes[size_t(d)] = x.size(d - lead);
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    IntList from = x[0].sizes();
    bool fits = sizes.size() >= from.size();
    Shape strides(sizes.size(), 0);
    size_t lead = fits ? sizes.size() - from.size() : 0;
    for (size_t d = 0; fits && d < sizes.size(); ++d) {
      if (d < lead) {
        fits = sizes[d] >= 0;
      } else if (from[d - lead] == sizes[d]) {
        strides[d] = x[0].strides()[d - lead];
      } else {
        fits = from[d - lead] == 1 && sizes[d] >= 0;
      }
    }
    if (!fits)
      fail(info.name, "shape {} does not expand to {}; expected sizes of 1 where they differ", from,
           sizes);
    y.view(0, sizes, strides, x[0].storage_offset());
  }
  Tensor dx(Dy dy, InShape<0> s) const { return dy.sum_to_size(s); }
  static constexpr auto grads = rules(&Expand::dx);
  static std::vector<Sample> samples() {
    return {{{{{3, 1}}},
             "[2, -1, 4]",
             [](auto& x) {
               return tensor_list{x[0].expand({2, -1, 4})};
             },
             [](auto& x) {
               return tensor_list{moved(x[0], {2, x[0].size(0), 4}, [](auto& i) {
                 return Shape{i[1], 0};
               })};
             }}};
  }
};

struct ExpandAs {
  static constexpr OpInfo info{.name = "expand_as",
                               .formula = "y = expand(x, shape(other))",
                               .doc = "Expands to the shape of another tensor"};
  static Tensor call(const Tensor& x, const Tensor& other) { return x.expand(other.sizes()); }
  static std::vector<Sample> samples() {
    return {{{{{3, 1}}, {.sizes = {3, 2}, .differentiable = false}},
             "",
             [](auto& x) { return tensor_list{x[0].expand_as(x[1])}; },
             [](auto& x) {
               return tensor_list{
                   tabulate(x[1].sizes(), float64, [&](auto& i) { return broadcast_at(x[0], i); })};
             }}};
  }
};

struct Squeeze {
  static constexpr OpInfo info{.name = "squeeze",
                               .formula = "y = x without dimensions of size 1",
                               .doc = "Drops every dimension of size 1; a view"};
  static Tensor call(const Tensor& x) {
    Shape sizes;
    for (int64_t s : x.sizes())
      if (s != 1) sizes.push_back(s);
    return x.view(sizes);
  }
  static std::vector<Sample> samples() {
    return {reshaping({1, 3, 1, 2}, "", {3, 2}, [](auto& x) { return x.squeeze(); })};
  }
};

struct SqueezeDim {
  static constexpr OpInfo info{.name = "squeeze",
                               .formula = "y = x without dimension dim if its size is 1",
                               .doc = "Drops a dimension of size 1; of another size, x as it is"};
  static Tensor call(const Tensor& x, int64_t dim) {
    dim = wrap_dim(info.name, dim, size_t(x.dim()));
    Shape sizes(x.sizes());
    if (!sizes.empty() && sizes[size_t(dim)] == 1) sizes.erase(size_t(dim));
    return x.view(sizes);
  }
  static std::vector<Sample> samples() {
    return {
        reshaping({2, 1, 3}, "1", {2, 3}, [](auto& x) { return x.squeeze(1); }),
        reshaping({2, 1, 3}, "-1, of size 3", {2, 1, 3}, [](auto& x) { return x.squeeze(-1); })};
  }
};

struct Unsqueeze {
  static constexpr OpInfo info{.name = "unsqueeze",
                               .formula = "y = x with a dimension of size 1 at dim",
                               .doc = "Inserts a dimension of size 1; a view"};
  static Tensor call(const Tensor& x, int64_t dim) {
    Shape sizes(x.sizes());
    sizes.insert(size_t(wrap_dim(info.name, dim, size_t(x.dim() + 1))), 1);
    return x.view(sizes);
  }
  static std::vector<Sample> samples() {
    return {reshaping({2, 3}, "-1", {2, 3, 1}, [](auto& x) { return x.unsqueeze(-1); }),
            reshaping({}, "0-dim", {1}, [](auto& x) { return x.unsqueeze(0); })};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/view.def"
#include "autograd/ops/define.h"
