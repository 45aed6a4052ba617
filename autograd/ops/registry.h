#pragma once

#include "autograd/ops/sample.h"

namespace taper {

/// What the library knows of an op. Checks, the reference, labels and benchmarks go through all of them.
struct OpEntry {
  const char* id;        ///< the struct's name in the .def line, unique
  const char* function;  ///< the function's name
  const char* family;    ///< the .def file
  const OpInfo* info;
  const OpType* type;    ///< null for a composite
  std::vector<Sample> (*samples)();
};

template <class Op>
OpEntry make_entry(const char* function) {
  OpEntry e{.id = nullptr, .function = function, .family = nullptr, .info = &Op::info,
            .type = nullptr, .samples = &Op::samples};
  if constexpr (requires(const Op& op, Inputs x, Specs& y) { op.infer(x, y); })
    e.type = &op_type<Op>;
  return e;
}

/// Every op, in the order of ops.def.
const std::vector<OpEntry>& registry();
/// The ops of one function's name (overloads: several), or of one id.
std::vector<const OpEntry*> find_ops(std::string_view name);

}  // namespace taper
