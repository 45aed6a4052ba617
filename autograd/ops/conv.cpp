#include "autograd/kernels/conv.h"

#include "autograd/graph/grad_mode.h"
#include "autograd/ops/sample.h"
#include "autograd/ops/window.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

using kernels::ConvGeometry;

static void check_options(const OpInfo& info, const ConvOptions& o) {
  check_window_option(info, "stride", o.stride, 1);
  check_window_option(info, "padding", o.padding, 0);
  check_window_option(info, "dilation", o.dilation, 1);
  if (o.groups < 1) fail(info.name, "groups is {}; expected 1 or more", o.groups.value);
}

static void check_shapes(const OpInfo& info, IntList x, IntList w, const ConvOptions& o) {
  if (w.size() != 4)
    fail(info.name, "weight has shape {}; expected [out, in / groups, height, width]", w);
  if (x.size() != 4) fail(info.name, "input has shape {}; expected [N, C, H, W] or [C, H, W]", x);
  if (w[0] % o.groups)
    fail(info.name, "weight {} has {} output channels; expected a multiple of {} groups", w, w[0],
         o.groups.value);
  if (w[2] < 1 || w[3] < 1) fail(info.name, "weight {} has an empty kernel", w);
  if (x[1] == w[1] * o.groups) return;
  if (o.groups == 1) fail(info.name, "input has {} channels, weight {} expects {}", x[1], w, w[1]);
  fail(info.name, "input has {} channels, weight {} with {} groups expects {}", x[1], w,
       o.groups.value, w[1] * o.groups);
}

/// Checks shapes and options, and says how large the output is.
static ConvGeometry geometry(const OpInfo& info, IntList x, IntList w, const ConvOptions& o) {
  check_options(info, o);
  check_shapes(info, x, w, o);
  ConvGeometry g{.batch = x[0],
                 .in = x[1],
                 .out = w[0],
                 .groups = o.groups,
                 .x_size = {x[2], x[3]},
                 .y_size = {},
                 .kernel = {w[2], w[3]},
                 .stride = o.stride,
                 .padding = o.padding,
                 .dilation = o.dilation};
  Int2 padded{x[2] + 2 * o.padding.h, x[3] + 2 * o.padding.w};
  Int2 window{o.dilation.h * (w[2] - 1) + 1, o.dilation.w * (w[3] - 1) + 1};
  if (window.h > padded.h || window.w > padded.w)
    fail(info.name, "the kernel reaches over {}, the padded input has {}; expected no more",
         shape_of(window), shape_of(padded));
  g.y_size = {(padded.h - window.h) / o.stride.h + 1, (padded.w - window.w) / o.stride.w + 1};
  double pixels = double(g.y_size.h) * double(g.y_size.w);
  if (pixels * double(std::max({g.batch * g.out, g.column_rows(), int64_t(1)})) > 0x1p50)
    fail(info.name, "an output of {} pixels is too large", shape_of(g.y_size));
  return g;
}

static Shape y_shape(const ConvGeometry& g) { return {g.batch, g.out, g.y_size.h, g.y_size.w}; }

static void check_types(const OpInfo& info, const char* a_name, const Tensor& a, const char* b_name,
                        const Tensor& b) {
  if (a.dtype() != b.dtype() || !a.is_floating_point())
    fail(info.name, "{} is {}, {} {}; expected one floating type", a_name, a.dtype(), b_name,
         b.dtype());
}

static void check_gradient(const OpInfo& info, const Tensor& dy, const ConvGeometry& g) {
  if (!(dy.sizes() == IntList(y_shape(g))))
    fail(info.name, "dy has shape {}; expected {}", dy.sizes(), y_shape(g));
}

/// Calls f(x, w, y) with the flat places of the factors and the sum of every product that a
/// convolution adds up, by index arithmetic alone.
template <class F>
static void for_each_product(const ConvGeometry& g, F f) {
  int64_t in = g.group_in();
  for (int64_t n = 0; n < g.batch; ++n)
    for (int64_t o = 0; o < g.out; ++o)
      for (int64_t pixel = 0; pixel < g.pixels(); ++pixel)
        for (int64_t r = 0; r < g.column_rows(); ++r) {
          int64_t kw = r % g.kernel.w, kh = r / g.kernel.w % g.kernel.h;
          int64_t c = o / g.group_out() * in + r / (g.kernel.h * g.kernel.w);
          int64_t h = pixel / g.y_size.w * g.stride.h + kh * g.dilation.h - g.padding.h;
          int64_t w = pixel % g.y_size.w * g.stride.w + kw * g.dilation.w - g.padding.w;
          if (h < 0 || h >= g.x_size.h || w < 0 || w >= g.x_size.w) continue;
          f(((n * g.in + c) * g.x_size.h + h) * g.x_size.w + w, o * g.column_rows() + r,
            (n * g.out + o) * g.pixels() + pixel);
        }
}

struct Conv2d : ConvOptions {
  static constexpr OpInfo info{
      .name = "conv2d",
      .formula = "y = pad(x, p) * w + b, windows s apart, kernel elements d apart",
      .grad =
          "dx = unpad(pad(dilate(dy, s), d (K - 1)) * flip(dilate(w, d)), p); "
          "dw = pad(x, p) * dilate(dy, s); db = sum(dy)",
      .doc =
          "Cross-correlation of images: x [N, C, H, W] or [C, H, W], w [out, C / groups, K_h, "
          "K_w], "
          "b [out]"};
  FIELDS(stride, padding, dilation, groups)

  static Tensor call(const Tensor& x, const Tensor& w, const Tensor& b,
                     const ConvOptions& options) {
    Conv2d op;
    static_cast<ConvOptions&>(op) = options;
    if (x.dim() == 3) return apply(op, x.unsqueeze(0), w, b).squeeze(0);
    return apply(op, x, w, b);
  }
  static bool has_bias(Inputs x) { return x.size() > 2 && x[2].defined(); }

  void infer(Inputs x, Specs& y) const {
    ConvGeometry g = geometry(info, x[0].sizes(), x[1].sizes(), *this);
    check_types(info, "input", x[0], "weight", x[1]);
    if (has_bias(x)) {
      check_types(info, "input", x[0], "bias", x[2]);
      if (!(x[2].sizes() == IntList(g.out)))
        fail(info.name, "bias has shape {}; expected [{}]", x[2].sizes(), g.out);
    }
    y.fresh(y_shape(g), x[0].dtype());
    y.scratch(kernels::conv_scratch(g, kernels::ConvPass::forward, x[0].dtype(), has_bias(x)));
  }
  void forward(Inputs x, Outputs y) const {
    NoGradGuard no_grad;
    Tensor in = x[0].contiguous(), w = x[1].contiguous(), b;
    if (has_bias(x)) b = x[2].contiguous();
    kernels::conv2d(geometry(info, in.sizes(), w.sizes(), *this), plain(in), plain(w), plain(b),
                    plain(y[0]), y.scratch());
  }

  Tensor dx(Dy dy, B w, InShape<0> s) const { return conv2d_input(dy, w, s, *this); }
  Tensor dw(Dy dy, A x, InShape<1> s) const { return conv2d_weight(dy, x, s, *this); }
  Tensor db(Dy dy) const { return dy.sum({0, 2, 3}); }
  static constexpr auto grads = rules(&Conv2d::dx, &Conv2d::dw, &Conv2d::db);

  /// The report's equation 5.
  Tensor dx_formula(Dy dy, B w, InShape<0> s) const {
    ConvGeometry g = geometry(info, s, w.sizes(), *this);
    int64_t h = dilation.h * (g.kernel.h - 1), v = dilation.w * (g.kernel.w - 1);
    Tensor swapped = w.reshape({g.groups, g.group_out(), g.group_in(), g.kernel.h, g.kernel.w})
                         .transpose(1, 2)
                         .reshape({g.in, g.group_out(), g.kernel.h, g.kernel.w});
    Tensor full = conv2d(dy.dilate(stride).pad({v, v, h, h}),
                         swapped.dilate(dilation).flip({-2, -1}), {}, {.groups = groups});
    // Where the stride leaves a rest, no window reached the last rows and columns.
    int64_t below = s[2] + 2 * padding.h - full.size(2),
            right = s[3] + 2 * padding.w - full.size(3);
    return full.pad({0, right, 0, below}).unpad(padding);
  }
  /// The report's equation 3.
  Tensor dw_formula(Dy dy, A x, InShape<1> s) const {
    ConvGeometry g = geometry(info, x.sizes(), s, *this);
    Tensor spread = dy.dilate(stride);
    int64_t height = spread.size(2) + dilation.h * (g.kernel.h - 1);  // what the windows reached
    int64_t width = spread.size(3) + dilation.w * (g.kernel.w - 1);
    Tensor reached = x.pad({padding.w, padding.w, padding.h, padding.h})
                         .narrow(2, 0, height)
                         .narrow(3, 0, width)
                         .reshape({g.batch, g.groups, g.group_in(), height, width})
                         .permute({2, 1, 0, 3, 4})
                         .reshape({g.group_in(), g.groups * g.batch, height, width});
    return conv2d(reached, spread.transpose(0, 1), {}, {.stride = dilation, .groups = groups})
        .transpose(0, 1);
  }
  static constexpr auto formulas = rules(&Conv2d::dx_formula, &Conv2d::dw_formula, &Conv2d::db);

  Tensor reference(const tensor_list& x) const {
    ConvGeometry g = geometry(info, x[0].sizes(), x[1].sizes(), *this);
    Tensor y = zeros(y_shape(g), {.dtype = float64});
    if (x.size() > 2) y += x[2].reshape({-1, 1, 1});
    Tensor in = x[0].contiguous(), w = x[1].contiguous();
    for_each_product(g, [&](int64_t i, int64_t j, int64_t k) {
      y.data_ptr<double>()[k] += in.data_ptr<double>()[i] * w.data_ptr<double>()[j];
    });
    return y;
  }
  static std::vector<Sample> samples();
};

struct ConvSample {
  Shape x, w;
  ConvOptions options;
};

static std::vector<ConvSample> conv_samples() {
  return {{{2, 1, 4, 5}, {2, 1, 3, 3}, {.padding = 1}},
          {{1, 1, 8, 8}, {1, 1, 3, 3}, {.stride = 2, .padding = 1}},  // the last row is left over
          {{1, 2, 5, 6}, {2, 2, 2, 3}, {.stride = {2, 1}, .padding = {0, 2}, .dilation = {1, 2}}},
          {{2, 4, 4, 3}, {4, 2, 3, 2}, {.stride = 2, .padding = 1, .groups = 2}},
          {{1, 2, 7, 5}, {2, 1, 2, 2}, {.stride = 3, .dilation = 2, .groups = 2}},
          {{0, 2, 4, 4}, {3, 2, 2, 2}, {}}};
}

std::vector<Sample> Conv2d::samples() {
  std::vector<Sample> out;
  for (const ConvSample& s : conv_samples()) {
    Conv2d op;
    static_cast<ConvOptions&>(op) = s.options;
    out.emplace_back(std::vector<SampleInput>{{s.x}, {s.w}, {{s.w[0]}}}, op);
  }
  out.emplace_back(std::vector<SampleInput>{{{1, 2, 3, 3}}, {{2, 2, 2, 2}}}, Conv2d{});
  out.emplace_back(std::vector<SampleInput>{{{2, 3, 3}}, {{2, 2, 2, 2}}, {{2}}}, "without batch",
                   [](const tensor_list& x) { return tensor_list{conv2d(x[0], x[1], x[2])}; });
  return out;
}

struct Conv2dPositional {
  static constexpr OpInfo info{
      .name = "conv2d",
      .formula = "y = pad(x, p) * w + b",
      .doc = "Convolution with its options by position, as LibTorch has it"};
  static Tensor call(const Tensor& x, const Tensor& w, const Tensor& b, Int2 stride, Int2 padding,
                     Int2 dilation, int64_t groups) {
    return conv2d(x, w, b,
                  {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups});
  }
  static std::vector<Sample> samples() {
    Conv2d same;
    static_cast<ConvOptions&>(same) = {
        .stride = 2, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2};
    return {{{{{1, 2, 5, 5}}, {{2, 1, 2, 2}}, {{2}}},
             "2, {1, 0}, {1, 2}, 2",
             [](auto& x) {
               return tensor_list{conv2d(x[0], x[1], x[2], 2, {1, 0}, {1, 2}, 2)};
             },
             [same](auto& x) { return tensor_list{same.reference(x)}; }}};
  }
};

struct Conv2dInput : ConvOptions {
  static constexpr OpInfo info{
      .name = "conv2d_input",
      .formula = "y = d(sum(conv2d(x, w) dy)) / dx",
      .grad = "ddy = conv2d(g, w); dw = conv2d_weight(dy, g)",
      .doc =
          "The input gradient of conv2d: dy [N, out, H', W'], w as in conv2d, shape "
          "[N, C, H, W] of the input"};
  Shape shape;
  FIELDS(shape, stride, padding, dilation, groups)

  static Tensor call(const Tensor& dy, const Tensor& w, IntList shape, const ConvOptions& options) {
    Conv2dInput op;
    static_cast<ConvOptions&>(op) = options;
    op.shape = shape;
    return apply(op, dy, w);
  }
  void infer(Inputs x, Specs& y) const {
    ConvGeometry g = geometry(info, shape, x[1].sizes(), *this);
    check_types(info, "dy", x[0], "weight", x[1]);
    check_gradient(info, x[0], g);
    y.fresh(shape, x[0].dtype());
    y.scratch(kernels::conv_scratch(g, kernels::ConvPass::input, x[0].dtype()));
  }
  void forward(Inputs x, Outputs y) const {
    NoGradGuard no_grad;
    Tensor dy = x[0].contiguous(), w = x[1].contiguous();
    kernels::conv2d_input(geometry(info, shape, w.sizes(), *this), plain(dy), plain(w), plain(y[0]),
                          y.scratch());
  }
  Tensor ddy(Dy g, B w) const { return conv2d(g, w, {}, *this); }
  Tensor dw(Dy g, A dy, InShape<1> s) const { return conv2d_weight(dy, g, s, *this); }
  static constexpr auto grads = rules(&Conv2dInput::ddy, &Conv2dInput::dw);

  Tensor reference(const tensor_list& x) const {
    Tensor dx = zeros(shape, {.dtype = float64}), dy = x[0].contiguous(), w = x[1].contiguous();
    for_each_product(geometry(info, shape, w.sizes(), *this), [&](int64_t i, int64_t j, int64_t k) {
      dx.data_ptr<double>()[i] += dy.data_ptr<double>()[k] * w.data_ptr<double>()[j];
    });
    return dx;
  }
  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (const ConvSample& s : conv_samples()) {
      Conv2dInput op;
      static_cast<ConvOptions&>(op) = s.options;
      op.shape = s.x;
      Shape dy = y_shape(geometry(info, s.x, s.w, op));
      out.emplace_back(std::vector<SampleInput>{{dy}, {s.w}}, op);
    }
    return out;
  }
};

struct Conv2dWeight : ConvOptions {
  static constexpr OpInfo info{
      .name = "conv2d_weight",
      .formula = "y = d(sum(conv2d(x, w) dy)) / dw",
      .grad = "ddy = conv2d(x, g); dx = conv2d_input(dy, g)",
      .doc =
          "The weight gradient of conv2d: dy [N, out, H', W'], x [N, C, H, W], shape "
          "[out, C / groups, K_h, K_w] of the weight"};
  Shape shape;
  FIELDS(shape, stride, padding, dilation, groups)

  static Tensor call(const Tensor& dy, const Tensor& x, IntList shape, const ConvOptions& options) {
    Conv2dWeight op;
    static_cast<ConvOptions&>(op) = options;
    op.shape = shape;
    return apply(op, dy, x);
  }
  void infer(Inputs x, Specs& y) const {
    ConvGeometry g = geometry(info, x[1].sizes(), shape, *this);
    check_types(info, "dy", x[0], "input", x[1]);
    check_gradient(info, x[0], g);
    y.fresh(shape, x[0].dtype());
    y.scratch(kernels::conv_scratch(g, kernels::ConvPass::weight, x[0].dtype()));
  }
  void forward(Inputs x, Outputs y) const {
    NoGradGuard no_grad;
    Tensor dy = x[0].contiguous(), in = x[1].contiguous();
    kernels::conv2d_weight(geometry(info, in.sizes(), shape, *this), plain(dy), plain(in),
                           plain(y[0]), y.scratch());
  }
  Tensor ddy(Dy g, B x) const { return conv2d(x, g, {}, *this); }
  Tensor dx(Dy g, A dy, InShape<1> s) const { return conv2d_input(dy, g, s, *this); }
  static constexpr auto grads = rules(&Conv2dWeight::ddy, &Conv2dWeight::dx);

  Tensor reference(const tensor_list& x) const {
    Tensor dw = zeros(shape, {.dtype = float64}), dy = x[0].contiguous(), in = x[1].contiguous();
    for_each_product(
        geometry(info, in.sizes(), shape, *this), [&](int64_t i, int64_t j, int64_t k) {
          dw.data_ptr<double>()[j] += dy.data_ptr<double>()[k] * in.data_ptr<double>()[i];
        });
    return dw;
  }
  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (const ConvSample& s : conv_samples()) {
      Conv2dWeight op;
      static_cast<ConvOptions&>(op) = s.options;
      op.shape = s.w;
      Shape dy = y_shape(geometry(info, s.x, s.w, op));
      out.emplace_back(std::vector<SampleInput>{{dy}, {s.x}}, op);
    }
    return out;
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/conv.def"
#include "autograd/ops/define.h"
