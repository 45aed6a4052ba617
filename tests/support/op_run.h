#pragma once

#include "autograd/ops/sample.h"

namespace taper::test {

/// What a function gives: outputs, and the gradients of the inputs that require grad.
struct Results {
  tensor_list outputs;
  tensor_list gradients;
};

/// f and its gradients, for output gradients that are the same in each run.
Results run(const Sample::Function& f, const tensor_list& inputs);

/// Leaves with the same values in packed memory.
tensor_list copies(const tensor_list& inputs);

/// The same values, with a gap before and the dimensions in reverse order in memory.
Tensor strided(const Tensor& x);

/// The same values in blocks of all channels, where there are any.
Tensor lying_in_blocks(const Tensor& x);

/// x's first slice along its first (or last) dimension of more than one element, repeated without
/// memory.
Tensor expanded(const Tensor& x, bool last);

}  // namespace taper::test
