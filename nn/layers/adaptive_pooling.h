#pragma once

#include <optional>

#include "nn/options_layer.h"

namespace taper::nn {

/// Height and width that come out: from one number for both, or two; nullopt keeps the input's.
struct OutputSize {
  OutputSize() = default;
  template <std::integral T>
  OutputSize(T both) : h(int64_t(both)), w(int64_t(both)) {}
  OutputSize(std::nullopt_t) {}
  OutputSize(Int2 size) : h(size.h), w(size.w) {}
  OutputSize(std::optional<int64_t> height, std::optional<int64_t> width) : h(height), w(width) {}
  bool operator==(const OutputSize&) const = default;

  std::optional<int64_t> h, w;
};
std::string option_text(const OutputSize& size);

struct AdaptiveAvgPool2dOptions {
  ByName by_name_ = {};
  Required<OutputSize> output_size;
  TAPER_OPTIONS(AdaptiveAvgPool2dOptions, 1, output_size)
};

/// The mean of bins, as many as output_size says.
class AdaptiveAvgPool2d final
    : public OptionsLayer<AdaptiveAvgPool2d, AdaptiveAvgPool2dOptions, 0> {
 public:
  explicit AdaptiveAvgPool2d(const AdaptiveAvgPool2dOptions& o);
  /// x: [N, C, H, W]; returns [N, C, H', W']
  Tensor forward(const Tensor& x) const;
};
extern template class Layer<AdaptiveAvgPool2d>;
extern template class OptionsLayer<AdaptiveAvgPool2d, AdaptiveAvgPool2dOptions, 0>;

using AdaptiveAvgPool2D = AdaptiveAvgPool2d;
using AdaptiveAvgPool2DOptions = AdaptiveAvgPool2dOptions;

}  // namespace taper::nn
