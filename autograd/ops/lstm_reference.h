#pragma once

#include "autograd/tensor/tensor.h"

namespace taper::ops {

// The slow truth of LSTM ops, by loops over elements in double.

/// h, c and gates, as lstm_steps gives them.
tensor_list slow_lstm_steps(const Tensor& z, const Tensor& h0, const Tensor& c0, const Tensor& w,
                            bool reverse);
/// dz, dh0 and dc0, as lstm_steps_backward gives them; dh, dc and dgates may be undefined.
tensor_list slow_lstm_steps_backward(const tensor_list& inputs, bool reverse);
/// As lstm gives them, x [T, N, in].
tensor_list slow_lstm(const Tensor& x, TensorList hx, TensorList params, bool has_biases,
                      int64_t num_layers, bool bidirectional);

}  // namespace taper::ops
