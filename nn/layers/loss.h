#pragma once

#include "nn/options_layer.h"

namespace taper::nn {

/// Of CrossEntropyLoss.
struct CrossEntropyLossOptions {
  ByName by_name_ = {};
  Tensor weight = {};       ///< of each class, [C]
  Int ignore_index = -100;  ///< samples of this class do not count; for classes as target
  Reduction reduction = kMean;
  double label_smoothing = 0;  ///< this part of the target is spread over all classes
  TAPER_OPTIONS(CrossEntropyLossOptions, 0, weight, ignore_index, reduction, label_smoothing)
};

/// -log softmax(logits) of the right class, by default its mean over the samples.
class CrossEntropyLoss final : public OptionsLayer<CrossEntropyLoss, CrossEntropyLossOptions> {
 public:
  explicit CrossEntropyLoss(const CrossEntropyLossOptions& o = {});
  /// logits: [N, C]; target: classes [N] of int64, or probabilities [N, C]
  Tensor forward(const Tensor& logits, const Tensor& target) const;
};
extern template class Layer<CrossEntropyLoss>;
extern template class OptionsLayer<CrossEntropyLoss, CrossEntropyLossOptions>;

/// Of MSELoss.
struct MSELossOptions {
  ByName by_name_ = {};
  Reduction reduction = kMean;
  TAPER_OPTIONS(MSELossOptions, 0, reduction)
};

/// (x - target)^2, by default its mean.
class MSELoss final : public OptionsLayer<MSELoss, MSELossOptions> {
 public:
  explicit MSELoss(const MSELossOptions& o = {});
  /// x and target: the same shape
  Tensor forward(const Tensor& x, const Tensor& target) const;
};
extern template class Layer<MSELoss>;
extern template class OptionsLayer<MSELoss, MSELossOptions>;

}  // namespace taper::nn
