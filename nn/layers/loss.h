#pragma once

#include "nn/module.h"
#include "nn/options.h"

namespace taper::nn {

using CrossEntropyLossOptions = CrossEntropyOptions;

/// -log softmax(logits) of the right class, by default its mean over the samples.
class CrossEntropyLoss : public Layer<CrossEntropyLoss> {
 public:
  explicit CrossEntropyLoss(const CrossEntropyLossOptions& o = {}) : options(o) {}
  /// logits: [N, C]; target: classes [N] of int64, or probabilities [N, C]
  Tensor forward(const Tensor& logits, const Tensor& target) const;
  std::string arguments() const override;

  CrossEntropyLossOptions options;
};

struct MSELossOptions {
  ByName by_name_ = {};
  Reduction reduction = kMean;
  TAPER_OPTIONS(MSELossOptions, 0, reduction)
};

/// (x - target)^2, by default its mean.
class MSELoss : public Layer<MSELoss> {
 public:
  explicit MSELoss(const MSELossOptions& o = {}) : options(o) {}
  /// x and target: the same shape
  Tensor forward(const Tensor& x, const Tensor& target) const;
  std::string arguments() const override { return to_string(options, 0); }

  MSELossOptions options;
};

}  // namespace taper::nn
