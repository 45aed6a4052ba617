#include "autograd/kernels/strided_copy.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/window.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

struct Pad {
  static constexpr OpInfo info{.name = "pad",
                               .formula = "y = value, y[before + i] = x[i]",
                               .doc =
                                   "A border of a constant: pads lists before and after of the "
                                   "last dimension, then of the one before it; "
                                   "negative ones cut off"};
  static Tensor call(const Tensor& x, IntList pads, Scalar value) {
    check(x, pads);
    Tensor inner = x;
    Shape out(x.sizes());
    for (size_t k = 0; k < pads.size() / 2; ++k) {
      int64_t d = x.dim() - 1 - int64_t(k), before = pads[2 * k], after = pads[2 * k + 1];
      out[size_t(d)] += before + after;
      if (before < 0 || after < 0)
        inner =
            inner.slice(d, std::max<int64_t>(-before, 0), x.size(d) - std::max<int64_t>(-after, 0));
    }
    return framed(inner, out, pads, value);
  }
  static std::vector<Sample> samples() {
    auto by = [](Shape sizes, std::string label, std::vector<int64_t> pads, double value) {
      return Sample(
          {{sizes}}, std::move(label),
          [=](const tensor_list& x) { return tensor_list{x[0].pad(pads, value)}; },
          [=](const tensor_list& x) { return tensor_list{reference(x[0], pads, value)}; });
    };
    return {by({2, 3}, "1, 2, 0, 1", {1, 2, 0, 1}, 0),
            by({2, 3}, "-1, 2, 1, -1 with 1.5", {-1, 2, 1, -1}, 1.5),
            by({2, 2, 3}, "-1, 0", {-1, 0}, 0), by({2, 0}, "empty", {1, 1}, 2)};
  }

  static Tensor reference(const Tensor& x, IntList pads, double value) {
    Shape out(x.sizes()), before(out.size(), 0);
    for (size_t k = 0; k < pads.size() / 2; ++k) {
      before[out.size() - 1 - k] = pads[2 * k];
      out[out.size() - 1 - k] += pads[2 * k] + pads[2 * k + 1];
    }
    return tabulate(out, float64, [&](Shape i) {
      for (size_t d = 0; d < i.size(); ++d) {
        i[d] -= before[d];
        if (i[d] < 0 || i[d] >= x.size(int64_t(d))) return value;
      }
      return element_at(x, i);
    });
  }

 private:
  /// The largest pad: sizes stay in 64 bits.
  static constexpr int64_t most = int64_t(1) << 60;

  static void check(const Tensor& x, IntList pads) {
    if (pads.size() % 2 || int64_t(pads.size()) > 2 * x.dim())
      fail(info.name, "pads {} for a tensor of shape {}; expected a pair for each padded dimension",
           pads, x.sizes());
    for (size_t k = 0; k < pads.size() / 2; ++k) {
      int64_t n = x.size(-1 - int64_t(k)), before = pads[2 * k], after = pads[2 * k + 1];
      if (std::max(before, after) > most || n > most)
        fail(info.name, "pads {} for a tensor of shape {}; expected at most {}", pads, x.sizes(),
             most);
      if (std::min(before, after) < -n || n + before + after < 0)
        fail(info.name, "pads {} cut more off shape {} than there is; expected at most its sizes",
             pads, x.sizes());
    }
  }
  static Tensor framed(const Tensor& inner, const Shape& out, IntList pads, Scalar value) {
    if (Shape(inner.sizes()) == out) return inner.clone();
    Shape strides = contiguous_strides(out);
    int64_t start = 0;
    for (size_t k = 0; k < pads.size() / 2; ++k)
      start += std::max<int64_t>(pads[2 * k], 0) * strides[out.size() - 1 - k];
    if (value == Scalar(0) || value == Scalar(0.0)) return inner.embed_strided(out, strides, start);
    return full(out, value, {.dtype = inner.dtype()}).put_strided(inner, strides, start);
  }
};

static void check_planes(const OpInfo& info, const Tensor& x) {
  if (x.dim() < 2)
    fail(info.name, "a tensor of shape {}; expected at least 2 dimensions", x.sizes());
}

struct AddPad {
  static constexpr OpInfo info{.name = "add_pad",
                               .formula = "y = pad(x, {w, w, h, h}, value)",
                               .doc = "A border of a constant around the last two dimensions"};
  static Tensor call(const Tensor& x, Int2 size, Scalar value) {
    check_planes(info, x);
    if (size.h < 0 || size.w < 0)
      fail(info.name, "size {} by {}; expected 0 or more", size.h, size.w);
    return x.pad({size.w, size.w, size.h, size.h}, value);
  }
  static std::vector<Sample> samples() {
    return {{{{{1, 2, 3}}},
             "2 by 1 of 0.5",
             [](auto& x) {
               return tensor_list{x[0].add_pad({2, 1}, 0.5)};
             },
             [](auto& x) {
               return tensor_list{Pad::reference(x[0], {1, 1, 2, 2}, 0.5)};
             }}};
  }
};

struct Unpad {
  static constexpr OpInfo info{.name = "unpad",
                               .formula = "y = x[.., h : -h, w : -w]",
                               .doc = "The last two dimensions without a border; a view"};
  static Tensor call(const Tensor& x, Int2 size) {
    check_planes(info, x);
    if (size.h < 0 || size.w < 0 || size.h > x.size(-2) / 2 || size.w > x.size(-1) / 2)
      fail(info.name, "a border of {} by {} of shape {}; expected one that lies inside", size.h,
           size.w, x.sizes());
    return x.slice(-2, size.h, x.size(-2) - size.h).slice(-1, size.w, x.size(-1) - size.w);
  }
  static std::vector<Sample> samples() {
    return {{{{{2, 5, 4}}},
             "2 by 1",
             [](auto& x) {
               return tensor_list{x[0].unpad({2, 1})};
             },
             [](auto& x) {
               IntList s = x[0].sizes();
               return tensor_list{moved(x[0], {s[0], s[1] - 4, s[2] - 2}, [](auto& i) {
                 return Shape{i[0], i[1] + 2, i[2] + 1};
               })};
             }}};
  }
};

struct Dilate {
  static constexpr OpInfo info{
      .name = "dilate",
      .formula = "y = 0, y[.., h i, w j] = x[.., i, j]",
      .doc = "Zeros between the elements of the last two dimensions: h - 1 and w - 1 of them"};
  static Tensor call(const Tensor& x, Int2 dilation) {
    check_planes(info, x);
    if (dilation.h < 1 || dilation.w < 1)
      fail(info.name, "dilation {} by {}; expected 1 or more", dilation.h, dilation.w);
    check_window_option(info, "dilation", dilation, 1);
    Shape out(x.sizes());
    size_t d = out.size() - 2;
    out[d] = std::max<int64_t>((out[d] - 1) * dilation.h + 1, 0);
    out[d + 1] = std::max<int64_t>((out[d + 1] - 1) * dilation.w + 1, 0);
    Shape strides = contiguous_strides(out);
    strides[d] *= dilation.h;
    strides[d + 1] *= dilation.w;
    return x.embed_strided(out, strides);
  }
  static std::vector<Sample> samples() {
    return {{{{{2, 2, 3}}},
             "3 by 2",
             [](auto& x) {
               return tensor_list{x[0].dilate({3, 2})};
             },
             [](auto& x) {
               Shape out = x[0].sizes();
               for (int64_t n : {1, 2})
                 out[size_t(n)] = out[size_t(n)] ? out[size_t(n)] * (4 - n) - (3 - n) : 0;
               return tensor_list{tabulate(out, float64, [&](auto& i) {
                 return i[1] % 3 || i[2] % 2 ? 0 : element_at(x[0], {i[0], i[1] / 3, i[2] / 2});
               })};
             }}};
  }
};

struct Flip {
  static constexpr OpInfo info{.name = "flip",
                               .formula = "y[i] = x[n - 1 - i] along dims",
                               .grad = "dx = flip(dy, dims)",
                               .doc = "Dimensions in reverse; a copy"};
  Shape dims;
  FIELDS(dims)

  void infer(Inputs x, Specs& y) const {
    flipped(size_t(x[0].dim()));
    y.fresh(x[0].sizes(), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer in = plain(x[0]), out = plain(y[0]);
    if (in.numel == 0) return;
    auto reversed = flipped(in.sizes.size());
    Shape strides = in.strides;
    int64_t start = 0;
    for (size_t d = 0; d < in.sizes.size(); ++d)
      if (kernels::has(reversed, d)) {
        start += (in.sizes[d] - 1) * strides[d];
        strides[d] = -strides[d];
      }
    size_t bytes = taper::info(in.dtype).size;
    kernels::strided_copy(bytes, out.sizes, in.as<std::byte>() + start * int64_t(bytes), strides,
                          out.data, Shape(out.strides));
  }
  Tensor dx(Dy dy) const { return dy.flip(dims); }
  static constexpr auto grads = rules(&Flip::dx);
  Tensor reference(const tensor_list& x) const {
    auto reversed = flipped(size_t(x[0].dim()));
    return tabulate(x[0].sizes(), x[0].dtype(), [&](Shape i) {
      for (size_t d = 0; d < i.size(); ++d)
        if (kernels::has(reversed, d)) i[d] = x[0].sizes()[d] - 1 - i[d];
      return element_at(x[0], i);
    });
  }
  static std::vector<Sample> samples() {
    Flip planes, rows;
    planes.dims = {-2, -1};
    rows.dims = {0};
    return {{{{{2, 3, 4}}}, planes}, {{{{3, 2}}}, rows}, {{{{0, 2}}}, rows}};
  }

 private:
  DimMask flipped(size_t ndim) const {
    return dims.empty() ? 0 : reduced_dims(info.name, dims, ndim);
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/border.def"
#include "autograd/ops/define.h"
