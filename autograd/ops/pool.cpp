#include "autograd/ops/pooling.h"

#include "autograd/ops/checks.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/ops/strided.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

using kernels::PoolDivisor;
using kernels::PoolGeometry;

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

  /// The slow truth of the divisors: the cells of each window, counted one by one.
  Tensor slow_divisors(const Shape& x) const {
    Tensor count = zeros(slow_pooled_shape(*this, x), {.dtype = float64});
    for_each_cell(*this, x, [&](const Shape& to, const Shape& from) {
      if (is_inside(from, x, count_include_pad ? padding : 0)) element_of(count, to) += 1;
    });
    return divisor_override ? full(count.sizes(), divisor_override, {.dtype = float64}) : count;
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
    Shape in = x[0].sizes();
    Tensor count = slow_divisors(in), y = zeros(count.sizes(), {.dtype = float64});
    for_each_cell(*this, in, [&](const Shape& to, const Shape& from) {
      if (is_inside(from, in, 0))
        element_of(y, to) += element_at(x[0], from) / element_at(count, to);
    });
    return y;
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
    Tensor count = slow_divisors(shape), dx = zeros(shape, {.dtype = float64});
    for_each_cell(*this, shape, [&](const Shape& from, const Shape& to) {
      if (is_inside(to, shape, 0))
        element_of(dx, to) += element_at(x[0], from) / element_at(count, from);
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
