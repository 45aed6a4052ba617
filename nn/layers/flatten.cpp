#include "nn/layers/flatten.h"

namespace taper::nn {

template class Layer<Flatten>;
template class OptionsLayer<Flatten, FlattenOptions>;

Flatten::Flatten(const FlattenOptions& o) : OptionsLayer(o) {}
Tensor Flatten::forward(const Tensor& x) const {
  return flatten(x, options.start_dim, options.end_dim);
}

}  // namespace taper::nn
