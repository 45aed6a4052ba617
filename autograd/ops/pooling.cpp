#include "autograd/ops/pooling.h"

#include "autograd/ops/reference.h"

namespace taper::ops {

using kernels::PoolGeometry;

/// How many windows fit; with `ceil`, one more may hang over the end if it starts before it.
static int64_t windows(int64_t x, int64_t reach, int64_t stride, int64_t padding, bool ceil) {
  int64_t rest = x + 2 * padding - reach + (ceil ? stride - 1 : 0);
  if (rest < 0) return 0;
  int64_t n = rest / stride + 1;
  return ceil && (n - 1) * stride >= x + padding ? n - 1 : n;
}

/// What a window reaches over.
static Int2 reach_of(const Pooling& p) {
  return {p.dilation.h * (p.kernel.h - 1) + 1, p.dilation.w * (p.kernel.w - 1) + 1};
}

PoolGeometry pool_geometry(IntList x, const Pooling& p) {
  size_t lead = x.size() - 2;
  PoolGeometry g{.planes = numel(x.slice(0, lead)),
                 .x_size = {x[lead], x[lead + 1]},
                 .y_size = {},
                 .kernel = p.kernel,
                 .stride = p.stride,
                 .padding = p.padding,
                 .dilation = p.dilation};
  Int2 reach = reach_of(p);
  g.y_size = {windows(g.x_size.h, reach.h, p.stride.h, p.padding.h, p.ceil_mode),
              windows(g.x_size.w, reach.w, p.stride.w, p.padding.w, p.ceil_mode)};
  return g;
}

PoolGeometry checked_pool_geometry(const OpInfo& info, IntList x, const Pooling& p) {
  if (x.size() != 3 && x.size() != 4)
    fail(info.name, "input has shape {}; expected [N, C, H, W] or [C, H, W]", x);
  check_window_option(info, "kernel", p.kernel, 1);
  check_window_option(info, "stride", p.stride, 1);
  check_window_option(info, "padding", p.padding, 0);
  check_window_option(info, "dilation", p.dilation, 1);
  Int2 reach = reach_of(p);
  if (p.padding.h > reach.h / 2 || p.padding.w > reach.w / 2)
    fail(info.name, "padding is {}; expected at most half of what the kernel reaches over, {}",
         shape_of(p.padding), shape_of(reach));
  PoolGeometry g = pool_geometry(x, p);
  if (g.x_size.h < 1 || g.x_size.w < 1 || g.y_size.h < 1 || g.y_size.w < 1)
    fail(info.name,
         "the kernel reaches over {}, the input of shape {} has no room for it; expected at most "
         "the padded input",
         shape_of(reach), x);
  return g;
}

Shape pooled_shape(IntList x, const PoolGeometry& g) {
  Shape y = x;
  y[x.size() - 2] = g.y_size.h;
  y[x.size() - 1] = g.y_size.w;
  return y;
}

/// Whether the window of output `i` along a dimension holds an element of the input.
static bool holds_any(int64_t i, int64_t x, int64_t kernel, int64_t stride, int64_t padding,
                      int64_t dilation) {
  for (int64_t k = 0, at = i * stride - padding; k < kernel; ++k, at += dilation)
    if (at >= 0 && at < x) return true;
  return false;
}

void check_windows(const OpInfo& info, const PoolGeometry& g) {
  auto check = [&](const char* name, int64_t y, int64_t x, int64_t k, int64_t s, int64_t p,
                   int64_t d) {
    for (int64_t i = 0; i < y; ++i)
      if (!holds_any(i, x, k, s, p, d))
        fail(info.name,
             "the windows of output {} {} lie in the padding alone; expected each to hold an "
             "element",
             name, i);
  };
  if (g.dilation == Int2(1)) return;
  check("row", g.y_size.h, g.x_size.h, g.kernel.h, g.stride.h, g.padding.h, g.dilation.h);
  check("column", g.y_size.w, g.x_size.w, g.kernel.w, g.stride.w, g.padding.w, g.dilation.w);
}

Shape slow_pooled_shape(const Pooling& p, Shape x) {
  int64_t &h = x[x.size() - 2], &w = x[x.size() - 1];
  h = count_windows(h, p.kernel.h, p.stride.h, p.padding.h, p.dilation.h, p.ceil_mode);
  w = count_windows(w, p.kernel.w, p.stride.w, p.padding.w, p.dilation.w, p.ceil_mode);
  return x;
}

void for_each_cell(const Pooling& p, const Shape& x,
                   const std::function<void(const Shape& y, const Shape& x)>& f) {
  for_each_index(slow_pooled_shape(p, x), [&](const Shape& y) {
    for_each_index(shape_of(p.kernel), [&](const Shape& k) {
      Shape at = y;
      int64_t &h = at[at.size() - 2], &w = at[at.size() - 1];
      h = h * p.stride.h - p.padding.h + k[0] * p.dilation.h;
      w = w * p.stride.w - p.padding.w + k[1] * p.dilation.w;
      f(y, at);
    });
  });
}

bool is_inside(const Shape& at, const Shape& x, Int2 border) {
  int64_t h = at[at.size() - 2], w = at[at.size() - 1];
  return h >= -border.h && h < x[x.size() - 2] + border.h && w >= -border.w &&
         w < x[x.size() - 1] + border.w;
}

Windows::Windows(IntList x, const PoolGeometry& g) {
  auto after = [](int64_t x_size, int64_t y, int64_t k, int64_t s, int64_t p, int64_t d) {
    return std::max<int64_t>((y - 1) * s + (k - 1) * d + 1 - p - x_size, 0);
  };
  border = {g.padding.w,
            after(g.x_size.w, g.y_size.w, g.kernel.w, g.stride.w, g.padding.w, g.dilation.w),
            g.padding.h,
            after(g.x_size.h, g.y_size.h, g.kernel.h, g.stride.h, g.padding.h, g.dilation.h)};
  size_t lead = x.size() - 2;
  padded = x;
  padded[lead] += border[2] + border[3];
  padded[lead + 1] += border[0] + border[1];
  int64_t row = padded[lead + 1];
  sizes = pooled_shape(x, g);
  sizes.push_back(g.kernel.h);
  sizes.push_back(g.kernel.w);
  strides = contiguous_strides(padded);
  strides[lead] = g.stride.h * row;
  strides[lead + 1] = g.stride.w;
  strides.push_back(g.dilation.h * row);
  strides.push_back(g.dilation.w);
}

Tensor Windows::fold(const Tensor& t) const {
  Tensor full = embed_strided(t, padded, strides, 0);
  int64_t h = full.size(-2) - border[2] - border[3], w = full.size(-1) - border[0] - border[1];
  return full.narrow(-2, border[2], h).narrow(-1, border[0], w);
}

}  // namespace taper::ops
