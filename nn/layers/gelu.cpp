#include "nn/layers/gelu.h"

#include "autograd/tensor/error.h"

namespace taper::nn {

template class Layer<GELU>;

GELU::GELU(const GELUOptions& o) : options(o) {
  if (o.approximate != "none" && o.approximate != "tanh")
    fail("GELU", "approximate is \"{}\"; expected \"none\" or \"tanh\"", o.approximate);
}

Tensor GELU::forward(const Tensor& x) const { return gelu(x, options.approximate); }

std::string GELU::arguments() const {
  bool shown = options.approximate != "none";
  return detail::options_text(GELUOptions::field_names, {{options.approximate, shown}}, 0);
}

}  // namespace taper::nn
