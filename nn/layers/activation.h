#pragma once

#include "nn/options_layer.h"

namespace taper::nn {

/// Of ReLU.
struct ReLUOptions {
  ByName by_name_ = {};
  bool inplace = false;  ///< overwrites its input
  TAPER_OPTIONS(ReLUOptions, 0, inplace)
};

/// max(0, x)
class ReLU final : public OptionsLayer<ReLU, ReLUOptions> {
 public:
  explicit ReLU(const ReLUOptions& o = {});
  Tensor forward(Tensor x) const;
};
extern template class Layer<ReLU>;
extern template class OptionsLayer<ReLU, ReLUOptions>;

/// 1 / (1 + exp(-x))
class Sigmoid final : public Layer<Sigmoid> {
 public:
  Sigmoid() = default;
  Tensor forward(Tensor x) const;
};
extern template class Layer<Sigmoid>;

/// The hyperbolic tangent.
class Tanh final : public Layer<Tanh> {
 public:
  Tanh() = default;
  Tensor forward(Tensor x) const;
};
extern template class Layer<Tanh>;

/// Of Softmax.
struct SoftmaxOptions {
  ByName by_name_ = {};
  Required<int64_t> dim;  ///< along which the results add up to 1
  TAPER_OPTIONS(SoftmaxOptions, 1, dim)
};

/// exp(x) / sum(exp(x)) along a dimension.
class Softmax final : public OptionsLayer<Softmax, SoftmaxOptions> {
 public:
  explicit Softmax(const SoftmaxOptions& o);
  Tensor forward(const Tensor& x) const;
};
extern template class Layer<Softmax>;
extern template class OptionsLayer<Softmax, SoftmaxOptions>;

}  // namespace taper::nn
