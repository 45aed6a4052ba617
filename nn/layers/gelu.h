#pragma once

#include "nn/module.h"
#include "nn/options.h"

namespace taper::nn {

struct GELUOptions {
  ByName by_name_ = {};
  std::string approximate = "none";  ///< "none": with erf; "tanh": the approximation with tanh
  TAPER_OPTIONS(GELUOptions, 0, approximate)
};

/// x P(X <= x) for a standard normal X.
class GELU final : public Layer<GELU> {
 public:
  /// Throws where `approximate` is neither "none" nor "tanh".
  explicit GELU(const GELUOptions& o = {});
  Tensor forward(const Tensor& x) const;
  std::string arguments() const override;

  GELUOptions options;
};
extern template class Layer<GELU>;

}  // namespace taper::nn
