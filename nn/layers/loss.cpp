#include "nn/layers/loss.h"

namespace taper::nn {

template class Layer<CrossEntropyLoss>;
template class OptionsLayer<CrossEntropyLoss, CrossEntropyLossOptions>;
template class Layer<MSELoss>;
template class OptionsLayer<MSELoss, MSELossOptions>;

MSELoss::MSELoss(const MSELossOptions& o) : OptionsLayer(o) {}
CrossEntropyLoss::CrossEntropyLoss(const CrossEntropyLossOptions& o) : OptionsLayer(o) {}
Tensor CrossEntropyLoss::forward(const Tensor& logits, const Tensor& target) const {
  return cross_entropy(logits, target,
                       {.weight = options.weight,
                        .ignore_index = options.ignore_index,
                        .reduction = options.reduction,
                        .label_smoothing = options.label_smoothing});
}

Tensor MSELoss::forward(const Tensor& x, const Tensor& target) const {
  return mse_loss(x, target, options.reduction);
}

}  // namespace taper::nn
