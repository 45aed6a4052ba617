#include "autograd/kernels/norm.h"
#include "autograd/ops/by_parts.h"
#include "autograd/ops/norm.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/blocks.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

using kernels::NormPlanes;

static void check_input(const OpInfo& info, const Tensor& x) {
  if (x.dim() < 2) fail(info.name, "input has shape {}; expected [N, C, ..]", x.sizes());
  if (!x.is_floating_point())
    fail(info.name, "the input is {}; expected a floating type", x.dtype());
}

/// All dimensions of x but the channels.
static Shape others(const Tensor& x) {
  Shape dims{0};
  for (int64_t d = 2; d < x.dim(); ++d) dims.push_back(d);
  return dims;
}

/// A number for each channel, as it broadcasts to x.
static Tensor per_channel(const Tensor& t, const Tensor& x) {
  if (!t.defined()) return t;
  Shape wide(size_t(x.dim()), 1);
  wide[1] = x.size(1);
  return t.reshape(wide);
}

/// The planes of a fresh y or dx, which lies as they do.
static NormPlanes planes_of(const Tensor& y) {
  return NormPlanes(y.sizes(), std::max<int64_t>(block_of(y), 1));
}

/// dx, dweight, dbias from differentiable ops.
static tensor_list formula(const Tensor& dy, const Tensor& x, const Tensor& weight,
                           const Tensor& stats, bool training, double eps) {
  Shape dims = others(x);
  Tensor w = per_channel(weight, x);
  if (training) return norm_gradients(dy, x, w, dims, dims, eps);
  Tensor mean = per_channel(stats.select(0, 0), x), rstd = per_channel(stats.select(0, 1), x);
  Tensor dx = (w.defined() ? dy * w : dy) * rstd;
  return {dx, (dy * ((x - mean) * rstd)).sum(dims), dy.sum(dims)};
}

static SlowNorm slow_norm(double eps) {
  SlowNorm slow;
  slow.group = slow.parameter = [](const Shape& i) { return i[1]; };
  slow.eps = eps;
  return slow;
}

/// The same by statistics given: rows of [2, C].
static SlowNorm slow_norm(double eps, const Tensor& mean, const Tensor& var) {
  SlowNorm slow = slow_norm(eps);
  for (int64_t c = 0; c < mean.size(0); ++c) {
    slow.mean.push_back(element_at(mean, {c}));
    slow.var.push_back(element_at(var, {c}));
  }
  return slow;
}

/// Inputs: x, weight, bias, the running mean and variance. Outputs: y, the means and 1 / sqrt(var +
/// eps) that it used, in training the running statistics.
struct BatchNorm {
  static constexpr OpInfo info{
      .name = "batch_norm",
      .formula = "y = weight (x - mean) / sqrt(var + eps) + bias",
      .grad =
          "dx = weight rstd (dy - mean(dy) - xhat mean(dy xhat)), outside of training weight rstd "
          "dy; dweight = sum(dy xhat); dbias = sum(dy)",
      .doc =
          "Normalises each channel of x [N, C, ..]: in training by its own mean and biased "
          "variance, "
          "and moves the running ones, if there are any, to (1 - momentum) running + momentum "
          "batch (the variance unbiased); else by the running ones"};
  static constexpr int outputs = 4;
  bool training = false;
  double momentum = 0.1, eps = 1e-5;
  FIELDS(training, momentum, eps)

  static Tensor call(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const Tensor& running_mean, const Tensor& running_var, bool training,
                     double momentum, double eps) {
    BatchNorm op{training, momentum, eps};
    return std::get<0>(apply(op, x, weight, bias, running_mean, running_var));
  }
  void infer(Inputs in, Specs& y) const {
    const Tensor& x = in[0];
    check_input(info, x);
    static constexpr const char* names[] = {"weight", "bias", "running_mean", "running_var"};
    for (size_t i = 0; i < 4; ++i)
      check_norm_parameter(info, names[i], in[i + 1], x.size(1), x.dtype());
    check_statistics(x, in[3], in[4]);
    y.packed(0, 1, 2);
    y.fresh(x.sizes(), x.dtype()).block = norm_block(x);
    y.fresh({2, x.size(1)}, x.dtype()).differentiable = false;
    if (!training || !in[3].defined()) return;
    y.write(3).differentiable = false;
    y.write(4).differentiable = false;
  }
  void forward(Inputs in, Outputs y) const {
    const Tensor &weight = in[1], &bias = in[2];
    NormPlanes planes = planes_of(y[0]);
    Buffer x = memory_of(in[0], planes);
    kernels::RunningStats running;
    if (training && in[3].defined()) running = {plain(y[2]), plain(y[3]), momentum};
    if (training)
      kernels::batch_stats(planes, x, eps, running, plain(y[1]));
    else
      kernels::fixed_stats(plain(in[3]), plain(in[4]), eps, plain(y[1]));
    kernels::batch_norm(planes, x, plain(weight), plain(bias), plain(y[1]),
                        memory_of(y[0], planes));
  }
  tensor_list backward(Wanted, Dy dy, In<0> x, In<1> weight, Out<1> stats) const {
    auto [dx, dweight, dbias] = batch_norm_backward(dy, x, weight, stats, training, eps);
    return {dx, dweight, dbias, {}, {}};
  }
  tensor_list backward_formula(Wanted, Dy dy, In<0> x, In<1> weight, Out<1> stats) const {
    tensor_list dx = formula(dy, x, weight, stats, training, eps);
    dx.resize(5);
    return dx;
  }
  static std::vector<Sample> samples();

 private:
  void check_statistics(const Tensor& x, const Tensor& mean, const Tensor& var) const {
    if (mean.defined() != var.defined())
      fail(info.name, "{} is given without {}; expected both",
           mean.defined() ? "running_mean" : "running_var",
           mean.defined() ? "running_var" : "running_mean");
    if (!training && !mean.defined())
      fail(info.name,
           "running_mean and running_var are undefined; expected both outside of training");
    if (training && x.numel() > 0 && x.numel() == x.size(1))
      fail(info.name, "input of shape {} has 1 value a channel; expected more in training",
           x.sizes());
  }
};

/// What a step of training does to the running statistics x[3] and x[4].
static Sample running_sample(std::vector<SampleInput> inputs) {
  auto run = [](const tensor_list& x) {
    Tensor mean = x[3].clone(), var = x[4].clone();
    Tensor y = batch_norm(x[0], x[1], x[2], mean, var, true, 0.3);
    return tensor_list{y, mean, var};
  };
  auto slow = [](const tensor_list& x) {
    SlowNorm norm = slow_norm(1e-5);
    auto moved = [&](const Tensor& old, bool mean) {
      return tabulate(old.sizes(), float64, [&](const Shape& c) {
        SlowNorm::Moments m = norm.moments(x[0], c[0]);
        if (m.count == 0) return element_at(old, c);
        double batch = mean ? m.mean : m.var * m.count / (m.count - 1);
        return 0.7 * element_at(old, c) + 0.3 * batch;
      });
    };
    return tensor_list{norm.y(x[0], x[1], x[2]), moved(x[3], true), moved(x[4], false)};
  };
  for (SampleInput& input : inputs) input.differentiable = false;
  return {std::move(inputs), "running statistics", run, slow};
}

std::vector<Sample> BatchNorm::samples() {
  auto train = [](const tensor_list& x) {
    return tensor_list{batch_norm(x[0], x[1], x[2], {}, {}, true)};
  };
  auto slow = [](const tensor_list& x) { return tensor_list{slow_norm(1e-5).y(x[0], x[1], x[2])}; };
  auto bare = [](const tensor_list& x) {
    return tensor_list{batch_norm(x[0], {}, {}, {}, {}, true, 0.1, 0.1)};
  };
  auto slow_bare = [](const tensor_list& x) { return tensor_list{slow_norm(0.1).y(x[0], {}, {})}; };
  auto eval = [](const tensor_list& x) {
    return tensor_list{batch_norm(x[0], x[1], x[2], x[3], x[4], false)};
  };
  auto slow_eval = [](const tensor_list& x) {
    return tensor_list{slow_norm(1e-5, x[3], x[4]).y(x[0], x[1], x[2])};
  };
  SampleInput w{{3}, 0.5, 2}, b{{3}};
  SampleInput mean{{3}, -1, 1, float64, false}, var{{3}, 0.5, 2, float64, false};
  return {{{{{4, 3}}, w, b}, "training, [4, 3]", train, slow},
          {{{{2, 3, 2, 2}}, w, b}, "training, [2, 3, 2, 2]", train, slow},
          {{{{3, 2, 2}}}, "training, without weight", bare, slow_bare},
          {{{{2, 3, 2, 2}}, w, b, mean, var}, "not in training", eval, slow_eval},
          running_sample({{{4, 3, 2}}, w, b, mean, var})};
}

struct BatchNormBackward {
  static constexpr OpInfo info{
      .name = "batch_norm_backward",
      .formula =
          "dx = weight rstd (dy - mean(dy) - xhat mean(dy xhat)), outside of training weight "
          "rstd dy; dweight = sum(dy xhat); dbias = sum(dy)",
      .grad = "those of the formula's parts",
      .doc =
          "The gradients of batch_norm; stats [2, C]: the means and 1 / sqrt(var + eps) that it "
          "used, in training those of x"};
  static constexpr int outputs = 3;
  bool training = true;
  double eps = 1e-5;
  FIELDS(training, eps)

  void infer(Inputs in, Specs& y) const {
    const Tensor &dy = in[0], &x = in[1];
    check_input(info, x);
    check_norm_gradient(info, dy, x);
    check_norm_parameter(info, "weight", in[2], x.size(1), x.dtype());
    check_norm_parameter(info, "stats", in[3], {2, x.size(1)}, x.dtype());
    if (!in[3].defined()) fail(info.name, "stats is undefined; expected those of batch_norm");
    y.packed(0, 1, 2, 3);
    int64_t block = norm_block(x);
    if (block) y.in_blocks(block, 0, 1);
    y.fresh(x.sizes(), x.dtype()).block = block;
    y.fresh({x.size(1)}, x.dtype());
    y.fresh({x.size(1)}, x.dtype());
  }
  void forward(Inputs in, Outputs y) const {
    const Tensor &weight = in[2], &stats = in[3];
    NormPlanes p = planes_of(y[0]);
    kernels::batch_norm_backward(p, training, memory_of(in[0], p), memory_of(in[1], p),
                                 plain(weight), plain(stats), memory_of(y[0], p), plain(y[1]),
                                 plain(y[2]));
  }
  tensor_list backward(Wanted wanted, const GradOf<0>& ddx, const GradOf<1>& ddweight,
                       const GradOf<2>& ddbias, In<0> dy, In<1> x, In<2> weight,
                       In<3> stats) const {
    auto parts = [this](const tensor_list& in) {
      return formula(in[0], in[1], in[2], in[3], training, eps);
    };
    return gradients_by_parts(wanted, parts, {dy, x, weight, stats}, {ddx, ddweight, ddbias});
  }
  static std::vector<Sample> samples();
};

std::vector<Sample> BatchNormBackward::samples() {
  auto run = [](const tensor_list& x) {
    if (x[1].dim() < 2) return tensor_list{std::get<0>(batch_norm_backward(x[0], x[1], x[2], {}))};
    NormPlanes planes(x[1].sizes());
    Tensor stats = empty({2, planes.channels}, {.dtype = x[1].dtype()});
    kernels::batch_stats(planes, plain(x[1].detach().contiguous()), 1e-5, {}, plain(stats));
    auto [dx, dweight, dbias] = batch_norm_backward(x[0], x[1], x[2], stats);
    return tensor_list{dx, dweight, dbias};
  };
  auto slow = [](const tensor_list& x) {
    return slow_norm(1e-5).gradients(x[0], x[1], x[2], x[1].size(1));
  };
  auto eval = [](const tensor_list& x) {
    auto [dx, dweight, dbias] = batch_norm_backward(x[0], x[1], x[2], x[3], false);
    return tensor_list{dx, dweight, dbias};
  };
  auto slow_eval = [](const tensor_list& x) {
    Tensor mean = x[3].select(0, 0), var = x[3].select(0, 1).square().pow(-1);
    return slow_norm(0, mean, var).gradients(x[0], x[1], x[2], x[1].size(1));
  };
  SampleInput w{{3}, 0.5, 2}, stats{{2, 3}, 0.5, 2, float64, false};
  return {{{{{2, 3, 2}}, {{2, 3, 2}}, w}, "training", run, slow},
          {{{{2, 3, 2}}, {{2, 3, 2}}, w, stats}, "not in training", eval, slow_eval}};
}

}  // namespace taper::ops

#define FAMILY "autograd/ops/batch_norm.def"
#include "autograd/ops/define.h"
