#pragma once

#include "nn/options_layer.h"

namespace taper::nn {

struct GELUOptions {
  ByName by_name_ = {};
  std::string approximate = "none";  ///< "none": with erf; "tanh": the approximation with tanh
  TAPER_OPTIONS(GELUOptions, 0, approximate)
};

/// x P(X <= x) for a standard normal X.
class GELU final : public OptionsLayer<GELU, GELUOptions, 0> {
 public:
  /// Throws where `approximate` is neither "none" nor "tanh".
  explicit GELU(const GELUOptions& o = {});
  Tensor forward(Tensor x) const;
};
extern template class Layer<GELU>;
extern template class OptionsLayer<GELU, GELUOptions, 0>;

}  // namespace taper::nn
