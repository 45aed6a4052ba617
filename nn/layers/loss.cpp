#include "nn/layers/loss.h"

namespace taper::nn {

Tensor CrossEntropyLoss::forward(const Tensor& logits, const Tensor& target) const {
  return cross_entropy(logits, target, options);
}

std::string CrossEntropyLoss::arguments() const {
  const CrossEntropyLossOptions defaults;
  std::vector<detail::OptionText> texts{
      {options.weight.defined() ? to_string(options.weight.sizes()) : "", options.weight.defined()},
      {detail::option_text(options.ignore_index), options.ignore_index != defaults.ignore_index},
      {detail::option_text(options.reduction), options.reduction != defaults.reduction},
      {detail::option_text(options.label_smoothing), options.label_smoothing != 0}};
  return detail::options_text("weight, ignore_index, reduction, label_smoothing", texts, 0);
}

Tensor MSELoss::forward(const Tensor& x, const Tensor& target) const {
  return mse_loss(x, target, options.reduction);
}

}  // namespace taper::nn
