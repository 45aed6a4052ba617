#pragma once

#include <string>

#include "autograd/ops/registry.h"

namespace taper::test {

/// What the picture of the graph below an op's outputs lacks: the op's name and attributes as a
/// label, its formula in the tooltip; "" if nothing.
std::string picture_fault(const OpEntry& op, const tensor_list& outputs);

}  // namespace taper::test
