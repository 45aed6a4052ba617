#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "autograd/ops/registry.h"

namespace taper::test {

/// What is tried with every op of the registry, on each of its samples.
enum class Check : uint8_t {
  info,      ///< texts are there
  value,     ///< equal to the reference, which every sample has
  order1,    ///< gradients against central differences
  order2,    ///< the gradients' gradients
  control,   ///< a gradient off by 1 % is seen
  formulas,  ///< the documented rules against the fast ones, and both orders of them
  float32,   ///< values and gradients against float64's
  strided,   ///< the same from inputs that are not packed
  expanded,  ///< the same from inputs that repeat memory
  blocks,    ///< the same from inputs that lie in blocks, all and one alone
  memory,    ///< inputs stay as they were, outputs share memory only as views
  in_place,  ///< f_ gives the same, also on a view and where blocks lie
  empty,     ///< values and gradients of inputs without elements or dimensions
  picture,   ///< name, attributes and formula in the picture of the graph
  errors,    ///< wrong shapes, types and indices: a right result or a clear error
};
inline constexpr std::array check_names{"info",     "value",    "order 1", "order 2",  "control",
                                        "formulas", "float32",  "strided", "expanded", "blocks",
                                        "memory",   "in place", "empty",   "picture",  "errors"};

struct OpResult {
  const OpEntry* op = nullptr;
  std::array<int, check_names.size()> checks{};
  std::vector<std::string> failures;
  double worst_error = 0;  ///< of the finite differences
  double tolerance = 0;    ///< where wider than PyTorch's
  std::string tolerance_reason;

  int total() const;
};

/// Runs every check on every sample of an op.
OpResult check_op(const OpEntry& op);

}  // namespace taper::test
