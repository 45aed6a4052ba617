#pragma once

#include "autograd/tensor/buffer.h"

namespace taper::kernels {

/// A layer of an LSTM in one direction: h and c [steps, batch, hidden], gates [steps, batch, 4
/// hidden], w [4 hidden, hidden]; the gates' order is i, f, g, o.
struct LstmGeometry {
  int64_t steps = 0, batch = 0, hidden = 0;
  bool reverse = false;  ///< from the last step to the first

  int64_t state() const { return batch * hidden; }  ///< elements of h at one step
  /// Which step is the n-th to be computed.
  int64_t step(int64_t n) const { return reverse ? steps - 1 - n : n; }
};

// Buffers are packed and of one floating type.

/// gates = sigmoid, sigmoid, tanh, sigmoid of z + h_before w^T; c = f c_before + i g; h = o
/// tanh(c).
void lstm_steps(const LstmGeometry& g, const Buffer& z, const Buffer& h0, const Buffer& c0,
                const Buffer& w, const Buffer& h, const Buffer& c, const Buffer& gates);
/// dz, dh0 and dc0 from the gradients of h, c and gates, any of which may be empty.
void lstm_steps_backward(const LstmGeometry& g, const Buffer& dh, const Buffer& dc,
                         const Buffer& dgates, const Buffer& gates, const Buffer& c,
                         const Buffer& c0, const Buffer& w, const Buffer& dz, const Buffer& dh0,
                         const Buffer& dc0);

}  // namespace taper::kernels
