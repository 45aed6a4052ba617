#include <algorithm>
#include <limits>

#include "autograd/ops/reference.h"
#include "autograd/ops/view.h"

namespace taper::ops {

/// The sample of an op that picks elements: of shape `to`, y[i] = x[place(i)].
static Sample picking(Shape from, std::string label, Shape to, Tensor (*f)(const Tensor& x),
                      Shape (*place)(const Shape& i)) {
  return Sample(
             {{from}}, std::move(label), [f](const tensor_list& x) { return tensor_list{f(x[0])}; },
             [to, place](const tensor_list& x) { return tensor_list{moved(x[0], to, place)}; })
      .of_fixed_shapes();
}

/// A step in a dimension of n: one that leaves it goes no farther than its size.
static int64_t step_within(int64_t step, int64_t n) {
  return std::min(step, std::max<int64_t>(n, 1));
}

struct SliceDim : ViewOp<SliceDim> {
  static constexpr OpInfo info{
      .name = "slice",
      .formula = "y[i] = x[start + step i] along dim",
      .grad = "dx = embed_strided(dy)",
      .doc =
          "start:end:step along a dimension; bounds clamp, negative ones count from the end; "
          "a view"};
  int64_t dim = 0, start = 0, end = 0, step = 1;
  FIELDS(dim, start, end, step)

  static Tensor call(const Tensor& x, int64_t dim, int64_t start, int64_t end, int64_t step) {
    if (x.dim() == 0) fail_index(info.name, "a 0-dim tensor; expected at least one dimension");
    if (step <= 0) fail(info.name, "step {}; expected 1 or more", step);
    SliceDim op;
    op.dim = wrap_dim(info.name, dim, size_t(x.dim()));
    int64_t n = x.size(op.dim);
    op.start = std::clamp<int64_t>(start < 0 ? start + n : start, 0, n);
    op.end = std::clamp<int64_t>(end < 0 ? end + n : end, op.start, n);
    op.step = step_within(step, n);
    return apply(op, x);
  }
  void look(Geometry& g) const {
    size_t d = size_t(dim);
    g.offset = start * g.strides[d];
    g.sizes[d] = end > start ? (end - start - 1) / step + 1 : 0;
    if (g.sizes[d] > 1) g.strides[d] *= step;  // otherwise it could overflow
  }
  static constexpr auto grads = rules(&SliceDim::embed);
  static std::vector<Sample> samples() {
    return {picking(
                {5, 4}, "1:5:2 along 0", {2, 4}, [](auto& x) { return x.slice(0, 1, 5, 2); },
                [](auto& i) {
                  return Shape{1 + 2 * i[0], i[1]};
                }),
            picking(
                {5, 4}, "-3:-1 along -1", {5, 2}, [](auto& x) { return x.slice(-1, -3, -1); },
                [](auto& i) {
                  return Shape{i[0], i[1] + 1};
                }),
            picking(
                {5}, "3:99, clamped", {2}, [](auto& x) { return x.slice(0, 3, 99); },
                [](auto& i) { return Shape{i[0] + 3}; }),
            picking(
                {5}, "1::9223372036854775807", {1},
                [](auto& x) { return x.slice(0, 1, 5, std::numeric_limits<int64_t>::max()); },
                [](auto& i) { return Shape{i[0] + 1}; }),
            picking(
                {5}, "4:2, empty", {0}, [](auto& x) { return x.slice(0, 4, 2); },
                [](auto& i) { return i; })};
  }
};

struct Narrow {
  static constexpr OpInfo info{.name = "narrow",
                               .formula = "y = x[start : start + length] along dim",
                               .doc = "Part of a dimension; a view"};
  static Tensor call(const Tensor& x, int64_t dim, int64_t start, int64_t length) {
    if (x.dim() == 0) fail_index(info.name, "a 0-dim tensor; expected at least one dimension");
    int64_t n = x.size(wrap_dim(info.name, dim, size_t(x.dim())));
    int64_t from = start < 0 ? start + n : start;
    if (from < 0 || length < 0 || from > n - length)
      fail_index(info.name,
                 "start {} and length {} in dimension {} of shape {}; expected to stay inside",
                 start, length, dim, x.sizes());
    return x.slice(dim, from, from + length);
  }
  static std::vector<Sample> samples() {
    return {picking(
        {5, 4}, "2 from 1", {2, 4}, [](auto& x) { return x.narrow(0, 1, 2); },
        [](auto& i) {
          return Shape{i[0] + 1, i[1]};
        })};
  }
};

struct Select : ViewOp<Select> {
  static constexpr OpInfo info{.name = "select",
                               .formula = "y = x[index] along dim",
                               .grad = "dx = embed_strided(dy)",
                               .doc = "One index of a dimension, which disappears; a view"};
  int64_t dim = 0, index = 0;
  FIELDS(dim, index)

  static Tensor call(const Tensor& x, int64_t dim, int64_t index) {
    if (x.dim() == 0) fail_index(info.name, "a 0-dim tensor; expected at least one dimension");
    Select op;
    op.dim = wrap_dim(info.name, dim, size_t(x.dim()));
    int64_t n = x.size(op.dim);
    if (index < -n || index >= n)
      fail_index(info.name, "index {} in dimension {} of shape {}; expected {} to {}", index, dim,
                 x.sizes(), -n, n - 1);
    op.index = index < 0 ? index + n : index;
    return apply(op, x);
  }
  void look(Geometry& g) const {
    g.offset = index * g.strides[size_t(dim)];
    g.sizes.erase(size_t(dim));
    g.strides.erase(size_t(dim));
  }
  static constexpr auto grads = rules(&Select::embed);
  static std::vector<Sample> samples() {
    return {picking(
        {3, 4}, "-1 along 1", {3}, [](auto& x) { return x.select(1, -1); },
        [](auto& i) {
          return Shape{i[0], 3};
        })};
  }
};

struct Unfold : ViewOp<Unfold> {
  static constexpr OpInfo info{
      .name = "unfold",
      .formula = "y[.., i, .., j] = x[.., step i + j, ..]",
      .grad = "dx = embed_strided(dy)",
      .doc = "Sliding windows along a dimension, in a new last one; a view"};
  int64_t dim = 0, size = 1, step = 1;
  FIELDS(dim, size, step)

  static Tensor call(const Tensor& x, int64_t dim, int64_t size, int64_t step) {
    Unfold op;
    op.dim = wrap_dim(info.name, dim, size_t(x.dim()));
    op.size = size;
    int64_t n = x.dim() == 0 ? 1 : x.size(op.dim);
    op.step = step_within(step, n);
    if (size < 0 || size > n || step < 1)
      fail(info.name,
           "windows of {} with step {} in a dimension of {}; "
           "expected at most its size, and a step of 1 or more",
           size, step, n);
    return x.dim() == 0 ? x.view({1}).slice(0, 0, size) : apply(op, x);
  }
  void look(Geometry& g) const {
    size_t d = size_t(dim);
    g.sizes.push_back(size);
    g.strides.push_back(g.strides[d]);
    g.sizes[d] = (g.sizes[d] - size) / step + 1;
    g.strides[d] *= step;
  }
  static constexpr auto grads = rules(&Unfold::embed);
  static std::vector<Sample> samples() {
    return {picking(
                {7, 2}, "3 by 2", {3, 2, 3}, [](auto& x) { return x.unfold(0, 3, 2); },
                [](auto& i) {
                  return Shape{2 * i[0] + i[2], i[1]};
                }),
            picking(
                {2, 5}, "overlapping", {2, 3, 3}, [](auto& x) { return x.unfold(1, 3, 1); },
                [](auto& i) {
                  return Shape{i[0], i[1] + i[2]};
                })};
  }
};

struct Diagonal : ViewOp<Diagonal> {
  static constexpr OpInfo info{.name = "diagonal",
                               .formula = "y[.., i] = x[i, i + offset] in dim1, dim2",
                               .grad = "dx = embed_strided(dy)",
                               .doc = "The diagonal of two dimensions, in a new last one; a view"};
  int64_t offset = 0, dim1 = 0, dim2 = 1;
  FIELDS(offset, dim1, dim2)

  static Tensor call(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
    Diagonal op;
    op.offset = offset;
    op.dim1 = wrap_dim(info.name, dim1, size_t(x.dim()));
    op.dim2 = wrap_dim(info.name, dim2, size_t(x.dim()));
    if (op.dim1 == op.dim2)
      fail(info.name, "dim1 {} and dim2 {}; expected different dimensions", dim1, dim2);
    return apply(op, x);
  }
  void look(Geometry& g) const {
    size_t a = size_t(dim1), b = size_t(dim2);
    int64_t length = offset >= 0 ? std::min(g.sizes[a], g.sizes[b] - offset)
                                 : std::min(g.sizes[a] + offset, g.sizes[b]);
    length = std::max<int64_t>(length, 0);
    if (length > 0) g.offset = offset >= 0 ? offset * g.strides[b] : -offset * g.strides[a];
    int64_t stride = g.strides[a] + g.strides[b];
    for (size_t d : {std::max(a, b), std::min(a, b)}) {
      g.sizes.erase(d);
      g.strides.erase(d);
    }
    g.sizes.push_back(length);
    g.strides.push_back(stride);
  }
  static constexpr auto grads = rules(&Diagonal::embed);
  static std::vector<Sample> samples() {
    return {picking(
                {3, 4}, "", {3}, [](auto& x) { return x.diagonal(); },
                [](auto& i) {
                  return Shape{i[0], i[0]};
                }),
            picking(
                {3, 4}, "2", {2}, [](auto& x) { return x.diagonal(2); },
                [](auto& i) {
                  return Shape{i[0], i[0] + 2};
                }),
            picking(
                {3, 4, 2}, "-1 of (0, 2)", {4, 2}, [](auto& x) { return x.diagonal(-1, 0, 2); },
                [](auto& i) {
                  return Shape{i[1] + 1, i[0], i[1]};
                })};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/slice.def"
#include "autograd/ops/define.h"
