#pragma once

#include <optional>

#include "nn/options_layer.h"

namespace taper::nn {

struct BatchNorm2dOptions {
  ByName by_name_ = {};
  Required<int64_t> num_features;        ///< channels
  double eps = 1e-5;                     ///< added to the variance
  std::optional<double> momentum = 0.1;  ///< of the running statistics; nullopt: their plain mean
  bool affine = true;                    ///< with weight and bias
  bool track_running_stats = true;       ///< without, each batch's own statistics serve always
  TAPER_OPTIONS(BatchNorm2dOptions, 1, num_features, eps, momentum, affine, track_running_stats)
};

/// Normalises each channel: in training by the batch's mean and variance, which move the running
/// ones, in evaluation by these. weight starts at 1, bias at 0.
class BatchNorm2d final : public OptionsLayer<BatchNorm2d, BatchNorm2dOptions, 1> {
 public:
  explicit BatchNorm2d(const BatchNorm2dOptions& options);
  /// x: [N, num_features, H, W]; returns the same shape
  Tensor forward(const Tensor& x) const;
  void reset_running_stats() const;
  void reset_parameters() const;

  Tensor weight, bias;                                    ///< [num_features]; undefined without
  Tensor running_mean, running_var, num_batches_tracked;  ///< undefined without tracking
};
extern template class Layer<BatchNorm2d>;
extern template class OptionsLayer<BatchNorm2d, BatchNorm2dOptions, 1>;

using BatchNorm2D = BatchNorm2d;
using BatchNorm2DOptions = BatchNorm2dOptions;

/// Sizes of the last dimensions: from one number, several, or a list of them.
struct TrailingSizes {
  TrailingSizes() = default;
  template <std::integral... I>
  TrailingSizes(I... sizes) : values{int64_t(sizes)...} {}
  TrailingSizes(const std::vector<int64_t>& sizes) : values(sizes) {}
  bool operator==(const TrailingSizes&) const = default;

  std::vector<int64_t> values;
};
std::string option_text(const TrailingSizes& sizes);

struct LayerNormOptions {
  ByName by_name_ = {};
  Required<TrailingSizes> normalized_shape;  ///< of the last dimensions, normalised together
  double eps = 1e-5;                         ///< added to the variance
  bool elementwise_affine = true;            ///< with weight and bias
  TAPER_OPTIONS(LayerNormOptions, 1, normalized_shape, eps, elementwise_affine)
};

/// Normalises the last dimensions by their own mean and variance. weight starts at 1, bias at 0.
class LayerNorm final : public OptionsLayer<LayerNorm, LayerNormOptions, 1> {
 public:
  explicit LayerNorm(const LayerNormOptions& options);
  /// x: [.., normalized_shape]; returns the same shape
  Tensor forward(const Tensor& x) const;
  void reset_parameters() const;

  Tensor weight, bias;  ///< [normalized_shape]; undefined without
};
extern template class Layer<LayerNorm>;
extern template class OptionsLayer<LayerNorm, LayerNormOptions, 1>;

}  // namespace taper::nn
