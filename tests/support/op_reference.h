#pragma once

#include <string>

namespace taper::test {

/// The text of docs/ops.md: every op of the registry, family by family.
std::string op_reference();

}  // namespace taper::test
