#include "autograd/ops/pooling.h"

#include "autograd/graph/grad_mode.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/sample.h"
#include "autograd/ops/strided.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

using kernels::PoolDivisor;
using kernels::PoolGeometry;

/// Calls f(x place, y place) for every element of every window inside the input, by index
/// arithmetic alone.
template <class F>
static void for_each_cell(const PoolGeometry& g, F f) {
  for (int64_t y = 0; y < g.planes * g.y_size.h * g.y_size.w; ++y)
    for (int64_t k = 0; k < g.kernel.h * g.kernel.w; ++k) {
      int64_t plane = y / (g.y_size.h * g.y_size.w), i = y / g.y_size.w % g.y_size.h;
      int64_t r = i * g.stride.h - g.padding.h + k / g.kernel.w * g.dilation.h;
      int64_t c = y % g.y_size.w * g.stride.w - g.padding.w + k % g.kernel.w * g.dilation.w;
      if (r >= 0 && r < g.x_size.h && c >= 0 && c < g.x_size.w)
        f((plane * g.x_size.h + r) * g.x_size.w + c, y);
    }
}

struct MaxPool2dWithIndices : Pooling {
  static constexpr OpInfo info{
      .name = "max_pool2d",
      .formula = "y = max of each window, the first one",
      .grad = "dx[i] = sum over the windows that hold i of dy [i is the maximum]",
      .doc =
          "Largest element of each window, and its place in H * W (int64): "
          "x [N, C, H, W] or [C, H, W]"};
  static constexpr int outputs = 2;
  FIELDS(kernel, stride, padding, dilation, ceil_mode)

  static TensorPair call(const Tensor& x, Int2 kernel, OptionalInt2 stride, Int2 padding,
                         Int2 dilation, bool ceil_mode) {
    MaxPool2dWithIndices op;
    op.set(kernel, stride, padding, ceil_mode);
    op.dilation = dilation;
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    if (x[0].dtype() == boolean) fail(info.name, "not defined on boolean tensors");
    PoolGeometry g = checked_pool_geometry(info, x[0].sizes(), *this);
    check_windows(info, g);
    y.packed(0);
    y.fresh(pooled_shape(x[0].sizes(), g), x[0].dtype());
    y.fresh(pooled_shape(x[0].sizes(), g), int64).differentiable = false;
  }
  void forward(Inputs x, Outputs y) const {
    kernels::max_pool2d(pool_geometry(x[0].sizes(), *this), plain(x[0]), plain(y[0]), plain(y[1]));
  }
  Tensor dx(Dy dy, Out<1> index, InShape<0> s) const {
    Shape flat = s;
    flat.erase(s.size() - 1);
    flat.back() = s[s.size() - 2] * s[s.size() - 1];
    return dy.flatten(-2).embed_at(-1, index.flatten(-2), flat).reshape(s);
  }
  static constexpr auto grads = rules(&MaxPool2dWithIndices::dx);

  /// The report's equation 6: each window's mask holds one 1.
  Tensor dx_formula(Dy dy, Out<1> index, InShape<0> s) const {
    int64_t h = s[s.size() - 2], w = s[s.size() - 1];
    PoolGeometry g = pool_geometry(s, *this);
    Windows all(s, g), plane({h, w}, g);
    Tensor places = arange(h * w).reshape({h, w}).pad(plane.border, -1);
    Tensor mask = index.unsqueeze(-1).unsqueeze(-1) ==
                  strided_part(places.contiguous(), plane.sizes, plane.strides, 0);
    return all.fold(where(mask, dy.unsqueeze(-1).unsqueeze(-1), 0));
  }
  static constexpr auto formulas = rules(&MaxPool2dWithIndices::dx_formula);

  tensor_list reference(const tensor_list& x) const {
    PoolGeometry g = pool_geometry(x[0].sizes(), *this);
    Tensor in = x[0].contiguous(), y = zeros(pooled_shape(in.sizes(), g), {.dtype = float64});
    Tensor index = full(y.sizes(), -1);
    for_each_cell(g, [&](int64_t from, int64_t to) {
      double v = in.data_ptr<double>()[from];
      int64_t& place = index.data_ptr<int64_t>()[to];
      if (place >= 0 && !(v > y.data_ptr<double>()[to])) return;
      y.data_ptr<double>()[to] = v;
      place = from % (g.x_size.h * g.x_size.w);
    });
    return {y, index};
  }
  static std::vector<Sample> samples() {
    MaxPool2dWithIndices plain, overlapping, padded, dilated;
    plain.set(2, {}, 0, false);
    overlapping.set({3, 2}, 1, 0, false);
    padded.set(3, 2, 1, true);
    dilated.set(2, 1, {0, 1}, false);
    dilated.dilation = {1, 2};
    return {{{{{2, 2, 4, 5}, -20, 20}}, plain},
            {{{{2, 5, 4}, -20, 20}}, overlapping},
            {{{{1, 2, 4, 6}, -20, 20}}, padded},
            {{{{1, 1, 4, 5}, -20, 20}}, dilated},
            {{{{0, 1, 4, 4}}}, plain}};
  }
};

struct MaxPool2d {
  static constexpr OpInfo info{.name = "max_pool2d",
                               .formula = "y = max of each window",
                               .doc =
                                   "Largest element of each window: x [N, C, H, W] or [C, H, W]; "
                                   "without stride the windows lie side by side"};
  static Tensor call(const Tensor& x, Int2 kernel, OptionalInt2 stride, Int2 padding, Int2 dilation,
                     bool ceil_mode) {
    return std::get<0>(max_pool2d_with_indices(x, kernel, stride, padding, dilation, ceil_mode));
  }
  static std::vector<Sample> samples() {
    MaxPool2dWithIndices same;
    same.set(2, {}, 0, false);
    return {{{{{1, 2, 4, 4}, -20, 20}},
             "2",
             [](auto& x) { return tensor_list{max_pool2d(x[0], 2)}; },
             [same](auto& x) { return tensor_list{same.reference(x)[0]}; }}};
  }
};

struct MaxPool {
  static constexpr OpInfo info{.name = "max_pool",
                               .formula = "y = max of each window; mask = 1 where it was",
                               .doc =
                                   "The report's max pooling: the output, and in x's shape "
                                   "1 at the (first) maximum of each window, 0 elsewhere"};
  static TensorPair call(const Tensor& x, Int2 kernel, OptionalInt2 stride) {
    auto [y, index] = max_pool2d_with_indices(x, kernel, stride);
    NoGradGuard no_grad;
    Tensor mask = zeros_like(x).flatten(-2).scatter(-1, index.flatten(-2), 1);
    return {y, mask.reshape(x.sizes())};
  }
  static std::vector<Sample> samples() {
    MaxPool2dWithIndices same;
    same.set(2, {}, 0, false);
    auto slow = [same](const tensor_list& x) {
      tensor_list y = same.reference(x);
      Tensor mask = zeros({1, 2, 4, 4}, {.dtype = float64});
      for (int64_t i = 0; i < 8; ++i)
        mask.data_ptr<double>()[i / 4 * 16 + y[1].data_ptr<int64_t>()[i]] = 1;
      return tensor_list{y[0], mask};
    };
    return {{{{{1, 2, 4, 4}, -20, 20}},
             "2, 2",
             [](auto& x) {
               auto [y, mask] = max_pool(x[0], 2, 2);
               return tensor_list{y, mask};
             },
             slow}};
  }
};

/// What avg_pool2d and its gradient share.
struct AvgPooling : Pooling {
  bool count_include_pad = true;
  int64_t divisor_override = 0;  ///< 0: none

  void set(Int2 k, OptionalInt2 s, Int2 p, bool ceil, bool include_pad,
           std::optional<int64_t> divisor) {
    Pooling::set(k, s, p, ceil);
    count_include_pad = include_pad;
    if (divisor == 0) fail("avg_pool2d", "divisor_override is 0; expected another number");
    divisor_override = divisor.value_or(0);
  }
  PoolDivisor divisor() const { return {count_include_pad, divisor_override}; }
  std::optional<int64_t> fixed() const {
    if (divisor_override) return divisor_override;
    return {};
  }
  /// [y_size]: what each window's sum is divided by; K^2 for windows inside the image.
  Tensor divisors(const PoolGeometry& g, Dtype dtype) const {
    Tensor t = empty(shape_of(g.y_size), {.dtype = float64});
    for (int64_t i = 0; i < t.numel(); ++i)
      t.data_ptr<double>()[i] = divisor().at(g, i / g.y_size.w, i % g.y_size.w);
    return t.to(dtype);
  }
};

struct AvgPool2d : AvgPooling {
  static constexpr OpInfo info{.name = "avg_pool2d",
                               .formula = "y = sum of each window / K^2",
                               .grad = "dx[i] = sum over the windows that hold i of dy / K^2",
                               .doc =
                                   "Mean of each window: x [N, C, H, W] or [C, H, W]; "
                                   "without stride the windows lie side by side"};
  FIELDS(kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)

  static Tensor call(const Tensor& x, Int2 kernel, OptionalInt2 stride, Int2 padding,
                     bool ceil_mode, bool count_include_pad, std::optional<int64_t> divisor) {
    AvgPool2d op;
    op.set(kernel, stride, padding, ceil_mode, count_include_pad, divisor);
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    check_floating(info, x[0].dtype());
    PoolGeometry g = checked_pool_geometry(info, x[0].sizes(), *this);
    y.packed(0);
    y.fresh(pooled_shape(x[0].sizes(), g), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    kernels::avg_pool2d(pool_geometry(x[0].sizes(), *this), divisor(), plain(x[0]), plain(y[0]));
  }
  Tensor dx(Dy dy, InShape<0> s) const {
    return avg_pool2d_input(dy, s, kernel, stride, padding, ceil_mode, count_include_pad, fixed());
  }
  static constexpr auto grads = rules(&AvgPool2d::dx);

  /// The report's equation 7.
  Tensor dx_formula(Dy dy, InShape<0> s) const {
    PoolGeometry g = pool_geometry(s, *this);
    Windows all(s, g);
    Tensor share = dy / divisors(g, dy.dtype());
    return all.fold(share.unsqueeze(-1).unsqueeze(-1).expand(all.sizes));
  }
  static constexpr auto formulas = rules(&AvgPool2d::dx_formula);

  Tensor reference(const tensor_list& x) const {
    PoolGeometry g = pool_geometry(x[0].sizes(), *this);
    Tensor in = x[0].contiguous(), y = zeros(pooled_shape(in.sizes(), g), {.dtype = float64});
    for_each_cell(g, [&](int64_t from, int64_t to) {
      y.data_ptr<double>()[to] += in.data_ptr<double>()[from];
    });
    return y / divisors(g, float64);
  }
  static std::vector<Sample> samples() {
    AvgPool2d plain, overlapping, padded, without, fixed;
    plain.set(2, {}, 0, false, true, {});
    overlapping.set({3, 2}, 1, 0, false, true, {});
    padded.set(3, 2, 1, true, true, {});
    without.set(3, 2, 1, true, false, {});
    fixed.set(2, 1, 0, false, true, 3);
    return {{{{{2, 2, 4, 5}}}, plain},   {{{{2, 5, 4}}}, overlapping}, {{{{1, 2, 4, 6}}}, padded},
            {{{{1, 2, 4, 6}}}, without}, {{{{1, 1, 3, 3}}}, fixed},    {{{{0, 1, 4, 4}}}, plain}};
  }
};

struct AvgPool2dInput : AvgPooling {
  static constexpr OpInfo info{.name = "avg_pool2d_input",
                               .formula = "y[i] = sum over the windows that hold i of dy / K^2",
                               .grad = "ddy = avg_pool2d(g)",
                               .doc = "The gradient of avg_pool2d; shape is that of its input"};
  Shape shape;
  FIELDS(shape, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)

  static Tensor call(const Tensor& dy, IntList shape, Int2 kernel, OptionalInt2 stride,
                     Int2 padding, bool ceil_mode, bool count_include_pad,
                     std::optional<int64_t> divisor) {
    AvgPool2dInput op;
    op.set(kernel, stride, padding, ceil_mode, count_include_pad, divisor);
    op.shape = shape;
    return apply(op, dy);
  }
  void infer(Inputs x, Specs& y) const {
    check_floating(info, x[0].dtype());
    Shape expected = pooled_shape(shape, checked_pool_geometry(info, shape, *this));
    if (!(x[0].sizes() == IntList(expected)))
      fail(info.name, "dy has shape {}; expected {}", x[0].sizes(), expected);
    y.packed(0);
    y.fresh(shape, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    kernels::avg_pool2d_input(pool_geometry(shape, *this), divisor(), plain(x[0]), plain(y[0]));
  }
  Tensor ddy(Dy g) const {
    return avg_pool2d(g, kernel, stride, padding, ceil_mode, count_include_pad, fixed());
  }
  static constexpr auto grads = rules(&AvgPool2dInput::ddy);

  Tensor reference(const tensor_list& x) const {
    PoolGeometry g = pool_geometry(shape, *this);
    Tensor share = x[0] / divisors(g, float64), dx = zeros(shape, {.dtype = float64});
    for_each_cell(g, [&](int64_t to, int64_t from) {
      dx.data_ptr<double>()[to] += share.data_ptr<double>()[from];
    });
    return dx;
  }
  static std::vector<Sample> samples() {
    AvgPool2dInput plain, padded;
    plain.set(2, {}, 0, false, true, {});
    plain.shape = {2, 1, 4, 5};
    padded.set(3, 2, 1, true, false, {});
    padded.shape = {2, 4, 6};
    return {{{{{2, 1, 2, 2}}}, plain}, {{{{2, 3, 4}}}, padded}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/pool.def"
#include "autograd/ops/define.h"
