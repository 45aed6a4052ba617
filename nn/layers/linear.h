#pragma once

#include "nn/module.h"
#include "nn/options.h"

namespace taper::nn {

struct LinearOptions {
  ByName by_name_ = {};
  Required<int64_t> in_features;
  Required<int64_t> out_features;
  bool bias = true;
  TAPER_OPTIONS(LinearOptions, 2, in_features, out_features, bias)
};

/// y = x W^T + b over x's last dimension. Drawn from U(-1/sqrt(in_features), 1/sqrt(in_features)).
class Linear : public Layer<Linear> {
 public:
  explicit Linear(const LinearOptions& options);
  /// x: [..., in_features]; returns [..., out_features]
  Tensor forward(const Tensor& x) const;
  void reset_parameters() const;
  std::string arguments() const override { return to_string(options, 2); }

  LinearOptions options;
  Tensor weight;  ///< [out_features, in_features]
  Tensor bias;    ///< [out_features]; undefined without
};

struct DenseOptions {
  ByName by_name_ = {};
  Required<int64_t> in_features;
  Required<int64_t> out_features;
  TAPER_OPTIONS(DenseOptions, 2, in_features, out_features)
};

/// The report's layer (9): y = [x 1] W, with the bias in the last row of W. Drawn from U(-0.5,
/// 0.5).
class Dense : public Layer<Dense> {
 public:
  explicit Dense(const DenseOptions& options);
  /// x: [N, in_features]; returns [N, out_features]
  Tensor forward(const Tensor& x) const;
  void reset_parameters() const;
  std::string arguments() const override { return to_string(options, 2); }

  DenseOptions options;
  Tensor weight;  ///< [in_features + 1, out_features]
};

}  // namespace taper::nn
