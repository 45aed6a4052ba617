#pragma once

#include "nn/options_layer.h"

namespace taper::nn {

/// Of Flatten.
struct FlattenOptions {
  ByName by_name_ = {};
  Int start_dim = 1;
  Int end_dim = -1;
  TAPER_OPTIONS(FlattenOptions, 0, start_dim, end_dim)
};

/// Joins the dimensions from start_dim to end_dim: [N, C, H, W] becomes [N, C H W].
class Flatten final : public OptionsLayer<Flatten, FlattenOptions> {
 public:
  explicit Flatten(const FlattenOptions& o = {});
  Tensor forward(const Tensor& x) const;
};
extern template class Layer<Flatten>;
extern template class OptionsLayer<Flatten, FlattenOptions>;

}  // namespace taper::nn
