#pragma once

#include "nn/options_layer.h"

namespace taper::nn {

/// Of Linear.
struct LinearOptions {
  ByName by_name_ = {};
  Required<int64_t> in_features;
  Required<int64_t> out_features;
  bool bias = true;
  TAPER_OPTIONS(LinearOptions, 2, in_features, out_features, bias)
};

/// y = x W^T + b over x's last dimension. Drawn from U(-1/sqrt(in_features), 1/sqrt(in_features)).
class Linear final : public OptionsLayer<Linear, LinearOptions, 2> {
 public:
  /// Throws where an option makes no sense.
  explicit Linear(const LinearOptions& options);
  /// x: [..., in_features]; returns [..., out_features]
  Tensor forward(const Tensor& x) const;
  /// Draws the parameters again.
  void reset_parameters() const;

  Tensor weight;  ///< [out_features, in_features]
  Tensor bias;    ///< [out_features]; undefined without
};
extern template class Layer<Linear>;
extern template class OptionsLayer<Linear, LinearOptions, 2>;

/// Of Dense.
struct DenseOptions {
  ByName by_name_ = {};
  Required<int64_t> in_features;
  Required<int64_t> out_features;
  TAPER_OPTIONS(DenseOptions, 2, in_features, out_features)
};

/// The report's layer (9): y = [x 1] W, with the bias in the last row of W. Drawn from U(-0.5,
/// 0.5).
class Dense final : public OptionsLayer<Dense, DenseOptions, 2> {
 public:
  /// Throws where an option makes no sense.
  explicit Dense(const DenseOptions& options);
  /// x: [N, in_features]; returns [N, out_features]
  Tensor forward(const Tensor& x) const;
  /// Draws the parameters again.
  void reset_parameters() const;

  Tensor weight;  ///< [in_features + 1, out_features]
};
extern template class Layer<Dense>;
extern template class OptionsLayer<Dense, DenseOptions, 2>;

}  // namespace taper::nn
