#include "autograd/kernels/adaptive_pool.h"

#include "autograd/ops/checks.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/ops/window.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

using kernels::AdaptivePool;

/// From images of shape x to planes of y_size.
static AdaptivePool pool_of(const OpInfo& info, IntList x, Int2 y_size) {
  if (x.size() != 3 && x.size() != 4)
    fail(info.name, "input has shape {}; expected [N, C, H, W] or [C, H, W]", x);
  size_t lead = x.size() - 2;
  AdaptivePool a{numel(x.slice(0, lead)), {x[lead], x[lead + 1]}, y_size};
  check_window_option(info, "output_size", y_size, 0);
  if (a.x_size.h < 1 || a.x_size.w < 1)
    fail(info.name, "input has shape {}; expected images of 1 pixel or more", x);
  return a;
}

static Shape pooled(IntList x, Int2 y_size) {
  Shape y = x;
  y[x.size() - 2] = y_size.h;
  y[x.size() - 1] = y_size.w;
  return y;
}

/// [bins, size]: the share of each place in each bin.
static Tensor shares(int64_t bins, int64_t size, Dtype dtype) {
  Tensor start = arange(bins) * size, place = arange(size);
  // place >= floor(start / bins), place < ceil((start + size) / bins)
  Tensor inside = ((place + 1) * bins > start.unsqueeze(1)).to(dtype) *
                  (place * bins < (start + size).unsqueeze(1)).to(dtype);
  return inside / inside.sum(1, true);
}

/// Calls f(row, column, share) for the places of the bin that y's index i names.
template <class F>
static void for_each_place(const Shape& i, Int2 y_size, Int2 x_size, F f) {
  int64_t row = i[i.size() - 2], column = i.back();
  auto inside = [](int64_t bin, int64_t bins, int64_t place, int64_t size) {
    return (place + 1) * bins > bin * size && place * bins < (bin + 1) * size;
  };
  double count = 0;
  for (int pass = 0; pass < 2; ++pass)
    for (int64_t r = 0; r < x_size.h; ++r)
      for (int64_t c = 0; c < x_size.w; ++c) {
        if (!inside(row, y_size.h, r, x_size.h) || !inside(column, y_size.w, c, x_size.w)) continue;
        pass == 0 ? void(count += 1) : f(r, c, 1 / count);
      }
}

static Shape at(Shape i, int64_t r, int64_t c) {
  i[i.size() - 2] = r;
  i.back() = c;
  return i;
}

struct AdaptiveAvgPool2d {
  static constexpr OpInfo info{
      .name = "adaptive_avg_pool2d",
      .formula = "y[i, j] = mean of x from floor(i H / n) to ceil((i + 1) H / n), and so for j",
      .grad = "dx[r, c] = sum over the bins that hold r, c of dy / bin size",
      .doc = "Mean of bins, as many as output_size says: x [N, C, H, W] or [C, H, W]"};
  Int2 output_size;
  FIELDS(output_size)

  void infer(Inputs x, Specs& y) const {
    check_floating(info, x[0].dtype());
    pool_of(info, x[0].sizes(), output_size);
    y.packed(0);
    y.fresh(pooled(x[0].sizes(), output_size), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    const Tensor& in = x[0];
    dispatch_floating(in.dtype(), [&](auto t) {
      using T = decltype(t);
      kernels::adaptive_avg_pool2d(pool_of(info, in.sizes(), output_size), plain(in).as<const T>(),
                                   plain(y[0]).as<T>());
    });
  }
  Tensor dx(Dy dy, InShape<0> s) const { return adaptive_avg_pool2d_input(dy, s); }
  static constexpr auto grads = rules(&AdaptiveAvgPool2d::dx);
  /// y = P_h x P_w^T with the bins' shares, so dx = P_h^T dy P_w.
  Tensor dx_formula(Dy dy, InShape<0> s) const {
    Tensor rows = shares(output_size.h, s[s.size() - 2], dy.dtype());
    Tensor columns = shares(output_size.w, s.back(), dy.dtype());
    return rows.t().matmul(dy).matmul(columns);
  }
  static constexpr auto formulas = rules(&AdaptiveAvgPool2d::dx_formula);
  Tensor reference(const tensor_list& x) const {
    AdaptivePool a = pool_of(info, x[0].sizes(), output_size);
    return tabulate(pooled(x[0].sizes(), output_size), float64, [&](const Shape& i) {
      double mean = 0;
      for_each_place(i, a.y_size, a.x_size, [&](int64_t r, int64_t c, double share) {
        mean += share * element_at(x[0], at(i, r, c));
      });
      return mean;
    });
  }
  static std::vector<Sample> samples() {
    AdaptiveAvgPool2d one{1}, uneven{{3, 2}}, more{{5, 3}};
    return {{{{{2, 2, 3, 4}}}, one},
            {{{{2, 7, 5}}}, uneven},
            {{{{1, 1, 3, 4}}}, more},
            {{{{0, 1, 4, 4}}}, uneven}};
  }
};

struct AdaptiveAvgPool2dInput {
  static constexpr OpInfo info{
      .name = "adaptive_avg_pool2d_input",
      .formula = "y[r, c] = sum over the bins that hold r, c of dy / bin size",
      .grad = "ddy = adaptive_avg_pool2d(g)",
      .doc = "The gradient of adaptive_avg_pool2d; shape is that of its input"};
  Shape shape;
  FIELDS(shape)

  static Tensor call(const Tensor& dy, IntList shape) {
    AdaptiveAvgPool2dInput op;
    op.shape = shape;
    return apply(op, dy);
  }
  static Int2 size_of(const Tensor& dy) { return {dy.size(-2), dy.size(-1)}; }
  void infer(Inputs x, Specs& y) const {
    check_floating(info, x[0].dtype());
    Int2 bins = x[0].dim() < 2 ? Int2(1) : size_of(x[0]);
    pool_of(info, shape, bins);
    if (!(x[0].sizes() == IntList(pooled(shape, bins))))
      fail(info.name,
           "dy has shape {} for an input of shape {}; expected the same but for the "
           "images' size",
           x[0].sizes(), shape);
    y.packed(0);
    y.fresh(shape, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    const Tensor& dy = x[0];
    dispatch_floating(dy.dtype(), [&](auto t) {
      using T = decltype(t);
      kernels::adaptive_avg_pool2d_input(pool_of(info, shape, size_of(dy)), plain(dy).as<const T>(),
                                         plain(y[0]).as<T>());
    });
  }
  Tensor ddy(Dy g, InShape<0> s) const {
    return adaptive_avg_pool2d(g, {s[s.size() - 2], s.back()});
  }
  static constexpr auto grads = rules(&AdaptiveAvgPool2dInput::ddy);
  Tensor reference(const tensor_list& x) const {
    Tensor dx = zeros(shape, {.dtype = float64});
    Int2 size{shape[shape.size() - 2], shape.back()};
    for_each_index(x[0].sizes(), [&](const Shape& i) {
      for_each_place(i, size_of(x[0]), size, [&](int64_t r, int64_t c, double share) {
        element_of(dx, at(i, r, c)) += share * element_at(x[0], i);
      });
    });
    return dx;
  }
  static std::vector<Sample> samples() {
    AdaptiveAvgPool2dInput op;
    op.shape = {2, 5, 4};
    return {{{{{2, 3, 3}}}, op}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/adaptive_pool.def"
#include "autograd/ops/define.h"
