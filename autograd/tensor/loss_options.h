#pragma once

// Options of losses that hold a tensor. Included by tensor.h, once Tensor is complete.

#include "autograd/tensor/op_options.h"

namespace taper {

/// Of nll_loss.
struct NllLossOptions {
  ByName by_name_ = {};
  Tensor weight = {};       ///< of each class, [C]
  Int ignore_index = -100;  ///< samples of this class do not count
  Reduction reduction = Reduction::mean;
};

/// Of cross_entropy.
struct CrossEntropyOptions {
  ByName by_name_ = {};
  Tensor weight = {};       ///< of each class, [C]
  Int ignore_index = -100;  ///< samples of this class do not count; for classes as target
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;  ///< this part of the target is spread over all classes
};

}  // namespace taper
