#pragma once

#include "autograd/ops/sample.h"

namespace taper {

/// Random inputs for a sample. Floating ones have the type `floating` and require grad; their
/// values are the same for float32 and float64. The global generator is left alone.
tensor_list sample_inputs(const Sample& sample, Dtype floating = float64, uint64_t seed = 0);

}  // namespace taper
