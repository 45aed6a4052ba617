#include "nn/layers/linear.h"

#include "autograd/tensor/factories.h"
#include "nn/init/init.h"
#include "nn/layers/checks.h"

namespace taper::nn {

template class Layer<Linear>;
template class OptionsLayer<Linear, LinearOptions, 2>;
template class Layer<Dense>;
template class OptionsLayer<Dense, DenseOptions, 2>;

static const LinearOptions& checked(const LinearOptions& o) {
  check_positive("Linear", "in_features", o.in_features);
  check_positive("Linear", "out_features", o.out_features);
  return o;
}

Linear::Linear(const LinearOptions& o)
    : OptionsLayer(checked(o)),
      weight(register_parameter("weight", empty({*o.out_features, *o.in_features}))) {
  if (o.bias) bias = register_parameter("bias", empty({*o.out_features}));
  reset_parameters();
}

void Linear::reset_parameters() const { init::default_(weight, bias); }

Tensor Linear::forward(const Tensor& x) const { return linear(x, weight, bias); }

static const DenseOptions& checked(const DenseOptions& o) {
  check_positive("Dense", "in_features", o.in_features);
  check_positive("Dense", "out_features", o.out_features);
  return o;
}

Dense::Dense(const DenseOptions& o)
    : OptionsLayer(checked(o)),
      weight(register_parameter("weight", empty({*o.in_features + 1, *o.out_features}))) {
  reset_parameters();
}

void Dense::reset_parameters() const { init::uniform_(weight, -0.5, 0.5); }

Tensor Dense::forward(const Tensor& x) const { return dense(x, weight); }

}  // namespace taper::nn
