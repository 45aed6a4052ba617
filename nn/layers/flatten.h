#pragma once

#include "nn/module.h"
#include "nn/options.h"

namespace taper::nn {

struct FlattenOptions {
  ByName by_name_ = {};
  Int start_dim = 1;
  Int end_dim = -1;
  TAPER_OPTIONS(FlattenOptions, 0, start_dim, end_dim)
};

/// Joins the dimensions from start_dim to end_dim: [N, C, H, W] becomes [N, C H W].
class Flatten : public Layer<Flatten> {
 public:
  explicit Flatten(const FlattenOptions& o = {}) : options(o) {}
  Tensor forward(const Tensor& x) const;
  std::string arguments() const override { return to_string(options, 0); }

  FlattenOptions options;
};

}  // namespace taper::nn
