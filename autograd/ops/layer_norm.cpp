#include "autograd/kernels/norm.h"
#include "autograd/ops/by_parts.h"
#include "autograd/ops/norm.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

using kernels::NormRows;

/// Checks that x ends in `shape`, and says how it is made of rows.
static NormRows rows_of(const OpInfo& info, const Tensor& x, IntList shape) {
  if (shape.empty()) fail(info.name, "normalized_shape is []; expected at least one dimension");
  bool fits = size_t(x.dim()) >= shape.size();
  if (!fits || !(x.sizes().slice(size_t(x.dim()) - shape.size()) == shape))
    fail(info.name, "input has shape {}; expected one that ends in {}", x.sizes(), shape);
  if (!x.is_floating_point())
    fail(info.name, "the input is {}; expected a floating type", x.dtype());
  int64_t columns = numel(shape);
  return {numel(x.sizes().slice(0, size_t(x.dim()) - shape.size())), columns};
}

/// dx, dweight, dbias from differentiable ops.
static tensor_list formula(const Tensor& dy, const Tensor& x, const Tensor& weight, IntList shape,
                           double eps) {
  Shape dims, shared;
  for (int64_t d = 0; d < x.dim(); ++d)
    (d < x.dim() - int64_t(shape.size()) ? shared : dims).push_back(d);
  if (!shared.empty()) return norm_gradients(dy, x, weight, dims, shared, eps);
  for (int64_t& d : dims) ++d;
  return norm_gradients(dy.unsqueeze(0), x.unsqueeze(0), weight, dims, 0, eps);
}

static SlowNorm slow_norm(const Tensor& x, IntList shape, double eps) {
  Shape sizes = x.sizes();
  int64_t columns = numel(shape);
  auto flat = [sizes](const Shape& i) {
    int64_t at = 0;
    for (size_t d = 0; d < sizes.size(); ++d) at = at * sizes[d] + i[d];
    return at;
  };
  SlowNorm slow;
  slow.group = [=](const Shape& i) { return flat(i) / columns; };
  slow.parameter = [=](const Shape& i) { return flat(i) % columns; };
  slow.eps = eps;
  return slow;
}

/// Inputs: x, weight, bias. Outputs: y, and the means and 1 / sqrt(var + eps) of the rows.
struct LayerNorm {
  static constexpr OpInfo info{
      .name = "layer_norm",
      .formula = "y = weight (x - mean) / sqrt(var + eps) + bias",
      .grad =
          "dx = rstd (g - mean(g) - xhat mean(g xhat)), g = weight dy; dweight = sum(dy xhat); "
          "dbias = sum(dy)",
      .doc =
          "Normalises the last dimensions of x, normalized_shape, by their own mean and biased "
          "variance; weight and bias of that shape may be left out"};
  static constexpr int outputs = 2;
  Shape normalized_shape;
  double eps = 1e-5;
  FIELDS(normalized_shape, eps)

  static Tensor call(const Tensor& x, IntList normalized_shape, const Tensor& weight,
                     const Tensor& bias, double eps) {
    LayerNorm op{normalized_shape, eps};
    return std::get<0>(apply(op, x, weight, bias));
  }
  void infer(Inputs in, Specs& y) const {
    const Tensor& x = in[0];
    NormRows rows = rows_of(info, x, normalized_shape);
    check_norm_parameter(info, "weight", in[1], normalized_shape, x.dtype());
    check_norm_parameter(info, "bias", in[2], normalized_shape, x.dtype());
    y.packed(0, 1, 2);
    y.fresh(x.sizes(), x.dtype());
    y.fresh({2, rows.rows}, x.dtype()).differentiable = false;
  }
  void forward(Inputs in, Outputs y) const {
    const Tensor &x = in[0], &weight = in[1], &bias = in[2];
    kernels::layer_norm(rows_of(info, x, normalized_shape), eps, plain(x), plain(weight),
                        plain(bias), plain(y[1]), plain(y[0]));
  }
  tensor_list backward(Wanted, Dy dy, In<0> x, In<1> weight, Out<1> stats) const {
    auto [dx, dweight, dbias] = layer_norm_backward(dy, x, normalized_shape, weight, stats, eps);
    return {dx, dweight, dbias};
  }
  tensor_list backward_formula(Wanted, Dy dy, In<0> x, In<1> weight) const {
    return shaped(formula(dy, x, weight, normalized_shape, eps), x);
  }
  static std::vector<Sample> samples() {
    LayerNorm last, two;
    last.normalized_shape = {4};
    two.normalized_shape = {3, 4};
    two.eps = 0.1;
    SampleInput w{{4}, 0.5, 2}, b{{4}}, wide{{3, 4}, 0.5, 2};
    return {sample({{{3, 4}}, w, b}, last),      sample({{{2, 3, 4}}}, last),
            sample({{{2, 3, 4}}, wide, b}, two), sample({{{2, 3, 4}}, wide}, two),
            sample({{{4}}, w, b}, last),         sample({{{0, 4}}, w}, last)};
  }
  static tensor_list shaped(tensor_list dx, const Tensor& x) {
    dx[0] = dx[0].reshape(x.sizes());
    return dx;
  }

 private:
  /// x, and perhaps weight and bias of normalized_shape.
  static Sample sample(std::vector<SampleInput> inputs, LayerNorm op) {
    if (inputs.size() > 2) inputs[2].sizes = op.normalized_shape;
    auto or_none = [](const tensor_list& x, size_t i) { return i < x.size() ? x[i] : Tensor(); };
    auto run = [=](const tensor_list& x) {
      return tensor_list{
          layer_norm(x[0], op.normalized_shape, or_none(x, 1), or_none(x, 2), op.eps)};
    };
    auto slow = [=](const tensor_list& x) {
      SlowNorm norm = slow_norm(x[0], op.normalized_shape, op.eps);
      return tensor_list{norm.y(x[0], or_none(x, 1), or_none(x, 2))};
    };
    return {std::move(inputs), to_string(attributes_of(op)), run, slow};
  }
};

struct LayerNormBackward {
  static constexpr OpInfo info{
      .name = "layer_norm_backward",
      .formula =
          "dx = rstd (g - mean(g) - xhat mean(g xhat)), g = weight dy; dweight = sum(dy "
          "xhat); dbias = sum(dy)",
      .grad = "those of the formula's parts",
      .doc =
          "The gradients of layer_norm; stats [2, rows]: the means and 1 / sqrt(var + eps) of x"};
  static constexpr int outputs = 3;
  Shape normalized_shape;
  double eps = 1e-5;
  FIELDS(normalized_shape, eps)

  static TensorTriple call(const Tensor& dy, const Tensor& x, IntList normalized_shape,
                           const Tensor& weight, const Tensor& stats, double eps) {
    return apply(LayerNormBackward{normalized_shape, eps}, dy, x, weight, stats);
  }
  void infer(Inputs in, Specs& y) const {
    const Tensor &dy = in[0], &x = in[1];
    NormRows rows = rows_of(info, x, normalized_shape);
    check_norm_gradient(info, dy, x);
    check_norm_parameter(info, "weight", in[2], normalized_shape, x.dtype());
    check_norm_parameter(info, "stats", in[3], {2, rows.rows}, x.dtype());
    if (!in[3].defined()) fail(info.name, "stats is undefined; expected those of layer_norm");
    y.packed(0, 1, 2, 3);
    y.fresh(x.sizes(), x.dtype());
    y.fresh(normalized_shape, x.dtype());
    y.fresh(normalized_shape, x.dtype());
  }
  void forward(Inputs in, Outputs y) const {
    const Tensor &dy = in[0], &x = in[1], &weight = in[2], &stats = in[3];
    kernels::layer_norm_backward(rows_of(info, x, normalized_shape), plain(dy), plain(x),
                                 plain(weight), plain(stats), plain(y[0]), plain(y[1]),
                                 plain(y[2]));
  }
  tensor_list backward(Wanted wanted, const GradOf<0>& ddx, const GradOf<1>& ddweight,
                       const GradOf<2>& ddbias, In<0> dy, In<1> x, In<2> weight) const {
    auto parts = [this](const tensor_list& in) {
      return LayerNorm::shaped(formula(in[0], in[1], in[2], normalized_shape, eps), in[1]);
    };
    tensor_list dx = gradients_by_parts(wanted, parts, {dy, x, weight}, {ddx, ddweight, ddbias});
    dx.resize(4);
    return dx;
  }
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) {
      Tensor in = x[1].detach().contiguous();
      NormRows rows = rows_of(info, in, 4);
      Tensor stats = empty({2, rows.rows}, {.dtype = in.dtype()}), y = empty_like(in);
      kernels::layer_norm(rows, 1e-5, plain(in), {}, {}, plain(stats), plain(y));
      auto [dx, dweight, dbias] = layer_norm_backward(x[0], x[1], 4, x[2], stats);
      return tensor_list{dx, dweight, dbias};
    };
    auto slow = [](const tensor_list& x) {
      return slow_norm(x[1], 4, 1e-5).gradients(x[0], x[1], x[2], 4);
    };
    return {{{{{3, 4}}, {{3, 4}}, {{4}, 0.5, 2}}, "4", run, slow}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/layer_norm.def"
#include "autograd/ops/define.h"
