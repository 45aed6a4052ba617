#include "nn/layers/activation.h"

namespace taper::nn {

template class Layer<ReLU>;
template class OptionsLayer<ReLU, ReLUOptions>;
template class Layer<Sigmoid>;
template class Layer<Tanh>;
template class Layer<Softmax>;
template class OptionsLayer<Softmax, SoftmaxOptions>;

Softmax::Softmax(const SoftmaxOptions& o) : OptionsLayer(o) {}
ReLU::ReLU(const ReLUOptions& o) : OptionsLayer(o) {}
Tensor ReLU::forward(Tensor x) const { return options.inplace ? x.relu_() : relu(std::move(x)); }
Tensor Sigmoid::forward(Tensor x) const { return sigmoid(std::move(x)); }
Tensor Tanh::forward(Tensor x) const { return tanh(std::move(x)); }
Tensor Softmax::forward(const Tensor& x) const { return softmax(x, options.dim); }

}  // namespace taper::nn
