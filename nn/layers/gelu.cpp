#include "nn/layers/gelu.h"

#include "autograd/tensor/error.h"

namespace taper::nn {

template class Layer<GELU>;
template class OptionsLayer<GELU, GELUOptions, 0>;

GELU::GELU(const GELUOptions& o) : OptionsLayer(o) {
  if (o.approximate != "none" && o.approximate != "tanh")
    fail("GELU", "approximate is \"{}\"; expected \"none\" or \"tanh\"", o.approximate);
}

Tensor GELU::forward(Tensor x) const { return gelu(std::move(x), options.approximate); }

}  // namespace taper::nn
