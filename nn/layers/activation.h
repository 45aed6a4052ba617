#pragma once

#include "nn/module.h"
#include "nn/options.h"

namespace taper::nn {

struct ReLUOptions {
  ByName by_name_ = {};
  bool inplace = false;  ///< overwrites its input
  TAPER_OPTIONS(ReLUOptions, 0, inplace)
};

/// max(0, x)
class ReLU : public Layer<ReLU> {
 public:
  explicit ReLU(const ReLUOptions& o = {}) : options(o) {}
  Tensor forward(const Tensor& x) const;
  std::string arguments() const override { return to_string(options, 0); }

  ReLUOptions options;
};

/// 1 / (1 + exp(-x))
class Sigmoid : public Layer<Sigmoid> {
 public:
  Sigmoid() = default;
  Tensor forward(const Tensor& x) const;
};

/// The hyperbolic tangent.
class Tanh : public Layer<Tanh> {
 public:
  Tanh() = default;
  Tensor forward(const Tensor& x) const;
};

struct SoftmaxOptions {
  ByName by_name_ = {};
  Required<int64_t> dim;  ///< along which the results add up to 1
  TAPER_OPTIONS(SoftmaxOptions, 1, dim)
};

/// exp(x) / sum(exp(x)) along a dimension.
class Softmax : public Layer<Softmax> {
 public:
  explicit Softmax(const SoftmaxOptions& o) : options(o) {}
  Tensor forward(const Tensor& x) const;
  std::string arguments() const override { return to_string(options, 0); }

  SoftmaxOptions options;
};

}  // namespace taper::nn
