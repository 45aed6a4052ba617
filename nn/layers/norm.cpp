#include "nn/layers/norm.h"

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "nn/init/init.h"
#include "nn/layers/checks.h"

namespace taper::nn {

template class Layer<BatchNorm2d>;
template class OptionsLayer<BatchNorm2d, BatchNorm2dOptions, 1>;
template class Layer<LayerNorm>;
template class OptionsLayer<LayerNorm, LayerNormOptions, 1>;

static void reset(const Tensor& weight, const Tensor& bias) {
  if (!weight.defined()) return;
  init::ones_(weight);
  init::zeros_(bias);
}

static const BatchNorm2dOptions& checked(const BatchNorm2dOptions& o) {
  check_positive("BatchNorm2d", "num_features", o.num_features);
  return o;
}

BatchNorm2d::BatchNorm2d(const BatchNorm2dOptions& o) : OptionsLayer(checked(o)) {
  Shape channels{*o.num_features};
  if (o.affine) {
    weight = register_parameter("weight", empty(channels));
    bias = register_parameter("bias", empty(channels));
  }
  if (o.track_running_stats) {
    running_mean = register_buffer("running_mean", empty(channels));
    running_var = register_buffer("running_var", empty(channels));
    num_batches_tracked = register_buffer("num_batches_tracked", zeros({}, {.dtype = int64}));
  }
  reset_parameters();
}

void BatchNorm2d::reset_running_stats() const {
  if (!running_mean.defined()) return;
  init::zeros_(running_mean);
  init::ones_(running_var);
  init::zeros_(num_batches_tracked);
}

void BatchNorm2d::reset_parameters() const {
  reset_running_stats();
  reset(weight, bias);
}

Tensor BatchNorm2d::forward(const Tensor& x) const {
  if (x.dim() != 4) fail("BatchNorm2d", "input has shape {}; expected [N, C, H, W]", x.sizes());
  if (x.size(1) != *options.num_features)
    fail("BatchNorm2d", "input has {} channels; expected num_features, {}", x.size(1),
         *options.num_features);
  double momentum = options.momentum.value_or(0);
  if (is_training() && running_mean.defined()) {
    NoGradGuard no_grad;
    num_batches_tracked.add_(1);
    if (!options.momentum) momentum = 1 / num_batches_tracked.item<double>();
  }
  return batch_norm(x, weight, bias, running_mean, running_var,
                    is_training() || !running_mean.defined(), momentum, options.eps);
}

std::string option_text(const TrailingSizes& sizes) {
  if (sizes.values.size() == 1) return detail::option_text(sizes.values[0]);
  return to_string(IntList(sizes.values));
}

static const LayerNormOptions& checked(const LayerNormOptions& o) {
  const TrailingSizes& sizes = o.normalized_shape;
  if (sizes.values.empty())
    fail("LayerNorm", "normalized_shape is []; expected at least one dimension");
  for (int64_t size : sizes.values) check_positive("LayerNorm", "normalized_shape", size);
  return o;
}

LayerNorm::LayerNorm(const LayerNormOptions& o) : OptionsLayer(checked(o)) {
  if (!o.elementwise_affine) return;
  weight = register_parameter("weight", taper::empty((*o.normalized_shape).values));
  bias = register_parameter("bias", taper::empty((*o.normalized_shape).values));
  reset_parameters();
}

void LayerNorm::reset_parameters() const { reset(weight, bias); }

Tensor LayerNorm::forward(const Tensor& x) const {
  return layer_norm(x, (*options.normalized_shape).values, weight, bias, options.eps);
}

}  // namespace taper::nn
