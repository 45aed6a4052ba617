#include "autograd/kernels/conv.h"

#include "autograd/ops/checks.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/ops/window.h"
#include "autograd/tensor/blocks.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/thread_state.h"

namespace taper::ops {

using kernels::ConvGeometry;
using kernels::ConvLayouts;
using kernels::ConvPass;

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
  if (w[2] < 1 || w[3] < 1)
    fail(info.name, "weight {} has an empty kernel; expected height and width of 1 or more", w);
  if (x[1] == w[1] * o.groups) return;
  if (o.groups == 1) fail(info.name, "input has {} channels, weight {} expects {}", x[1], w, w[1]);
  fail(info.name, "input has {} channels, weight {} with {} groups expects {}", x[1], w,
       o.groups.value, w[1] * o.groups);
}

/// What the padded input measures, and what the kernel reaches over.
static Int2 padded_size(const ConvGeometry& g) {
  return {g.x_size.h + 2 * g.padding.h, g.x_size.w + 2 * g.padding.w};
}
static Int2 window_size(const ConvGeometry& g) {
  return {g.dilation.h * (g.kernel.h - 1) + 1, g.dilation.w * (g.kernel.w - 1) + 1};
}

/// The geometry of shapes and options that were checked.
static ConvGeometry geometry(IntList x, IntList w, const ConvOptions& o) {
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
  Int2 padded = padded_size(g), window = window_size(g);
  g.y_size = {(padded.h - window.h) / o.stride.h + 1, (padded.w - window.w) / o.stride.w + 1};
  return g;
}

/// The geometry after a check of shapes and options.
static ConvGeometry checked_geometry(const OpInfo& info, IntList x, IntList w,
                                     const ConvOptions& o) {
  check_options(info, o);
  check_shapes(info, x, w, o);
  ConvGeometry g = geometry(x, w, o);
  Int2 padded = padded_size(g), window = window_size(g);
  if (window.h > padded.h || window.w > padded.w)
    fail(info.name, "the kernel reaches over {}, the padded input has {}; expected no more",
         shape_of(window), shape_of(padded));
  double pixels = double(g.y_size.h) * double(g.y_size.w);
  if (pixels * double(std::max({g.batch * g.out, g.column_rows(), int64_t(1)})) > 0x1p50)
    fail(info.name, "an output of {} pixels is too large; expected fewer than 2^50 elements",
         shape_of(g.y_size));
  return g;
}

static Shape y_shape(const ConvGeometry& g) { return {g.batch, g.out, g.y_size.h, g.y_size.w}; }

// Which layouts a convolution reads and writes is chosen when it is inferred: meanwhile another
// thread may make an operand plain, whose blocks stay.

static uint32_t choice_of(ConvLayouts l) { return uint32_t(l.x) | uint32_t(l.y) << 8; }
static ConvLayouts layouts_of(uint32_t choice) { return {choice & 0xff, choice >> 8}; }
static Buffer memory_of(const Tensor& t, int64_t block) { return block ? in_blocks(t) : plain(t); }

/// Which values w has, so that its copy in the kernel's layout serves until they change. Training
/// changes them with every step: there, none is kept.
static kernels::WeightTag tag_of(const Tensor& w) {
  Storage& storage = *w.impl()->storage;
  bool whole = w.storage_offset() == 0 && size_t(w.nbytes()) == storage.bytes;
  if (thread_state.recording() || !whole) return {};
  return {storage.watched_id(), storage.version};
}

/// Calls f(x index, w index, y index) with the factors and the sum of every product that a
/// convolution of shapes x and w adds up, one by one.
template <class F>
static void for_each_product(const ConvOptions& o, const Shape& x, const Shape& w, F f) {
  int64_t h = count_windows(x[2], w[2], o.stride.h, o.padding.h, o.dilation.h);
  int64_t v = count_windows(x[3], w[3], o.stride.w, o.padding.w, o.dilation.w);
  for_each_index({x[0], w[0], h, v, w[1], w[2], w[3]}, [&](const Shape& i) {
    int64_t group = i[1] * o.groups / w[0];
    Shape at{i[0], group * w[1] + i[4], i[2] * o.stride.h + i[5] * o.dilation.h - o.padding.h,
             i[3] * o.stride.w + i[6] * o.dilation.w - o.padding.w};
    if (at[2] >= 0 && at[2] < x[2] && at[3] >= 0 && at[3] < x[3])
      f(at, Shape{i[1], i[4], i[5], i[6]}, Shape{i[0], i[1], i[2], i[3]});
  });
}

struct Conv2d : ConvOptions {
  static constexpr OpInfo info{
      .name = "conv2d",
      .formula = "y = pad(x, p) * w + b, windows s apart, kernel elements d apart",
      .grad =
          "dx = unpad(pad(dilate(dy, s), d (K - 1)) * flip(dilate(w, d)), p); "
          "dw = pad(x, p) * dilate(dy, s); db = sum(dy)",
      .doc =
          "Cross-correlation of images: x [N, C, H, W] or [C, H, W], "
          "w [out, C / groups, K_h, K_w], b [out]"};
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
    ConvGeometry g = checked_geometry(info, x[0].sizes(), x[1].sizes(), *this);
    check_one_floating_type(info, "input", x[0], "weight", x[1]);
    if (has_bias(x)) {
      check_one_floating_type(info, "input", x[0], "bias", x[2]);
      if (!(x[2].sizes() == IntList(g.out)))
        fail(info.name, "bias has shape {}; expected [{}]", x[2].sizes(), g.out);
    }
    y.packed(0, 1, 2);
    kernels::ConvWay way =
        kernels::conv_way(g, ConvPass::forward, x[0].dtype(), has_bias(x), {.x = block_of(x[0])});
    y.fresh(y_shape(g), x[0].dtype()).block = way.layouts.y;
    y.scratch(way.scratch);
    y.choice = choice_of(way.layouts);
  }
  void forward(Inputs x, Outputs y) const {
    ConvLayouts l = layouts_of(y.choice());
    kernels::conv2d(geometry(x[0].sizes(), x[1].sizes(), *this), l, memory_of(x[0], l.x),
                    plain(x[1]), has_bias(x) ? plain(x[2]) : Buffer(), memory_of(y[0], l.y),
                    y.scratch(), tag_of(x[1]));
  }

  Tensor dx(Dy dy, B w, InShape<0> s) const { return conv2d_input(dy, w, s, *this); }
  Tensor dw(Dy dy, A x, InShape<1> s) const { return conv2d_weight(dy, x, s, *this); }
  Tensor db(Dy dy) const { return channel_sum(dy); }
  static constexpr auto grads = rules(&Conv2d::dx, &Conv2d::dw, &Conv2d::db);

  /// The report's equation 5.
  Tensor dx_formula(Dy dy, B w, InShape<0> s) const {
    ConvGeometry g = geometry(s, w.sizes(), *this);
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
    ConvGeometry g = geometry(x.sizes(), s, *this);
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
    Shape in = x[0].sizes(), w = x[1].sizes();
    Shape out{in[0], w[0], count_windows(in[2], w[2], stride.h, padding.h, dilation.h),
              count_windows(in[3], w[3], stride.w, padding.w, dilation.w)};
    Tensor y = tabulate(
        out, float64, [&](const Shape& i) { return x.size() > 2 ? element_at(x[2], {i[1]}) : 0; });
    for_each_product(*this, in, w, [&](const Shape& i, const Shape& j, const Shape& k) {
      element_of(y, k) += element_at(x[0], i) * element_at(x[1], j);
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
  out.emplace_back(
      std::vector<SampleInput>{{{2, 3, 3}}, {{2, 2, 2, 2}}, {{2}}}, "without batch",
      [](const tensor_list& x) { return tensor_list{conv2d(x[0], x[1], x[2])}; },
      [](const tensor_list& x) {
        Shape batch = x[0].sizes();
        batch.insert(0, 1);
        Tensor y = Conv2d{}.reference({reshaped(x[0], batch), x[1], x[2]});
        return tensor_list{reshaped(y, y.sizes().slice(1))};
      });
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

/// Base of the gradients of conv2d: of dy and the other factor, w or x, in the shape of the one
/// that is asked for. Self has the kernel, and says which is which.
template <class Self>
struct ConvGradient : ConvOptions {
  Shape shape;
  FIELDS(shape, stride, padding, dilation, groups)

  static Tensor call(const Tensor& dy, const Tensor& other, IntList shape,
                     const ConvOptions& options) {
    return apply(made(shape, options), dy, other);
  }
  void infer(Inputs x, Specs& y) const {
    auto [in, w] = Self::factors(x[1].sizes(), shape);
    ConvGeometry g = checked_geometry(Self::info, in, w, *this);
    check_one_floating_type(Self::info, "dy", x[0], Self::other, x[1]);
    if (!(x[0].sizes() == IntList(y_shape(g))))
      fail(Self::info.name, "dy has shape {}; expected {}", x[0].sizes(), y_shape(g));
    y.packed(0, 1);
    kernels::ConvWay way =
        kernels::conv_way(g, Self::pass, x[0].dtype(), false, Self::given(x[0], x[1]));
    y.fresh(shape, x[0].dtype()).block = Self::block_of_result(way.layouts);
    y.scratch(way.scratch);
    y.choice = choice_of(way.layouts);
  }
  void forward(Inputs x, Outputs y) const {
    ConvLayouts l = layouts_of(y.choice());
    Self::kernel(geometry_with(x[1].sizes()), l, memory_of(x[0], l.y),
                 memory_of(x[1], Self::block_of_other(l)),
                 memory_of(y[0], Self::block_of_result(l)), y.scratch());
  }
  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (const ConvSample& s : conv_samples()) {
      const auto& [shape, other] = Self::shape_and_other(s);
      Shape dy = y_shape(geometry(s.x, s.w, s.options));
      out.emplace_back(std::vector<SampleInput>{{dy}, {other}}, made(shape, s.options));
    }
    return out;
  }

 protected:
  ConvGeometry geometry_with(IntList other) const {
    auto [in, w] = Self::factors(other, shape);
    return geometry(in, w, *this);
  }

 private:
  static Self made(IntList shape, const ConvOptions& options) {
    Self op;
    static_cast<ConvOptions&>(op) = options;
    op.shape = shape;
    return op;
  }
};

struct Conv2dInput : ConvGradient<Conv2dInput> {
  static constexpr OpInfo info{
      .name = "conv2d_input",
      .formula = "y = d(sum(conv2d(x, w) dy)) / dx",
      .grad = "ddy = conv2d(g, w); dw = conv2d_weight(dy, g)",
      .doc =
          "The input gradient of conv2d: dy [N, out, H', W'], w as in conv2d, "
          "shape [N, C, H, W] of the input"};
  static constexpr const char* other = "weight";
  static constexpr auto kernel = kernels::conv2d_input;
  static constexpr auto pass = ConvPass::input;
  static ConvLayouts given(const Tensor& dy, const Tensor&) { return {.y = block_of(dy)}; }
  static int64_t block_of_other(ConvLayouts) { return 0; }
  static int64_t block_of_result(ConvLayouts l) { return l.x; }
  /// The shapes of x and w.
  static std::pair<IntList, IntList> factors(IntList w, IntList shape) { return {shape, w}; }
  static std::pair<Shape, Shape> shape_and_other(const ConvSample& s) { return {s.x, s.w}; }

  Tensor ddy(Dy g, B w) const { return conv2d(g, w, {}, *this); }
  Tensor dw(Dy g, A dy, InShape<1> s) const { return conv2d_weight(dy, g, s, *this); }
  static constexpr auto grads = rules(&Conv2dInput::ddy, &Conv2dInput::dw);

  Tensor reference(const tensor_list& x) const {
    Tensor dx = zeros(shape, {.dtype = float64});
    for_each_product(*this, shape, x[1].sizes(),
                     [&](const Shape& i, const Shape& j, const Shape& k) {
                       element_of(dx, i) += element_at(x[0], k) * element_at(x[1], j);
                     });
    return dx;
  }
};

struct Conv2dWeight : ConvGradient<Conv2dWeight> {
  static constexpr OpInfo info{
      .name = "conv2d_weight",
      .formula = "y = d(sum(conv2d(x, w) dy)) / dw",
      .grad = "ddy = conv2d(x, g); dx = conv2d_input(dy, g)",
      .doc =
          "The weight gradient of conv2d: dy [N, out, H', W'], x [N, C, H, W], "
          "shape [out, C / groups, K_h, K_w] of the weight"};
  static constexpr const char* other = "input";
  static constexpr auto kernel = kernels::conv2d_weight;
  static constexpr auto pass = ConvPass::weight;
  static ConvLayouts given(const Tensor& dy, const Tensor& x) {
    return {.x = block_of(x), .y = block_of(dy)};
  }
  static int64_t block_of_other(ConvLayouts l) { return l.x; }
  static int64_t block_of_result(ConvLayouts) { return 0; }
  static std::pair<IntList, IntList> factors(IntList x, IntList shape) { return {x, shape}; }
  static std::pair<Shape, Shape> shape_and_other(const ConvSample& s) { return {s.w, s.x}; }

  Tensor ddy(Dy g, B x) const { return conv2d(x, g, {}, *this); }
  Tensor dx(Dy g, A dy, InShape<1> s) const { return conv2d_input(dy, g, s, *this); }
  static constexpr auto grads = rules(&Conv2dWeight::ddy, &Conv2dWeight::dx);

  Tensor reference(const tensor_list& x) const {
    Tensor dw = zeros(shape, {.dtype = float64});
    for_each_product(*this, x[1].sizes(), shape,
                     [&](const Shape& i, const Shape& j, const Shape& k) {
                       element_of(dw, j) += element_at(x[0], k) * element_at(x[1], i);
                     });
    return dw;
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/conv.def"
#include "autograd/ops/define.h"
