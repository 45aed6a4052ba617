#pragma once

#include <string>

#include "autograd/tensor/tensor.h"

namespace taper::test {

/// How `got` differs from `expected` in number, shape or values, which may differ by tolerance * (1
/// + the largest |expected|); "" if it does not. NaN equals NaN.
std::string difference(const tensor_list& got, const tensor_list& expected, double tolerance);

/// The same of gradients: an undefined one equals zeros.
std::string gradient_difference(tensor_list got, tensor_list expected, double tolerance);

}  // namespace taper::test
