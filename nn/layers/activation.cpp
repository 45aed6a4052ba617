#include "nn/layers/activation.h"

namespace taper::nn {

Tensor ReLU::forward(const Tensor& x) const { return options.inplace ? x.relu_() : relu(x); }
Tensor Sigmoid::forward(const Tensor& x) const { return sigmoid(x); }
Tensor Tanh::forward(const Tensor& x) const { return tanh(x); }
Tensor Softmax::forward(const Tensor& x) const { return softmax(x, options.dim); }

}  // namespace taper::nn
