#pragma once

#include <type_traits>

#include "autograd/ops/call.h"
#include "autograd/ops/sample.h"

namespace taper {

/// What the library knows of an op. Checks, the reference, labels and benchmarks go through all of
/// them.
struct OpEntry {
  const char* id;        ///< the struct's name in the .def line, unique
  const char* function;  ///< the function's name
  std::string family;    ///< the .def file's name without folder and ending
  const OpInfo* info;
  const OpType* type;  ///< null for a composite
  std::vector<Sample> (*samples)();
  std::string signature = {};            ///< how it is called, e.g. "sum(x, IntList dims = {})"
  bool has_in_place = false;             ///< whether the function has a form `f_`
  Sample::Function in_place = {};        ///< that form, where it takes nothing but tensors
  Sample::Function of_temporaries = {};  ///< the function of copies that end with the call
};

template <class Op>
OpEntry make_entry(const char* function) {
  OpEntry e{.id = nullptr,
            .function = function,
            .family = {},
            .info = &Op::info,
            .type = nullptr,
            .samples = &Op::samples};
  if constexpr (requires(const Op& op, Inputs x, Specs& y) { op.infer(x, y); }) {
    static_assert(
        std::is_empty_v<Op> || requires { Op::field_names; }, "name the attributes in FIELDS");
    e.type = &op_type<Op>;
  }
  return e;
}

template <class Op, bool no_params>
OpEntry make_in_place_entry(const char* function) {
  OpEntry e = make_entry<Op>(function);
  e.has_in_place = true;
  if constexpr (no_params) {
    e.in_place = [](const tensor_list& x) { return tensor_list{call_in_place<Op>(x[0])}; };
    e.of_temporaries = [](const tensor_list& x) {
      return tensor_list{call<Op>(Spare(x[0].clone()))};
    };
  }
  return e;
}

template <class Op>
OpEntry make_binary_entry(const char* function) {
  OpEntry e = make_entry<Op>(function);
  e.has_in_place = true;
  e.in_place = [](const tensor_list& x) { return tensor_list{call_in_place<Op>(x[0], x[1])}; };
  e.of_temporaries = [](const tensor_list& x) {
    return tensor_list{call<Op>(Spare(x[0].clone()), Spare(x[1].clone()))};
  };
  return e;
}

/// Every op, in the order of ops.def.
const std::vector<OpEntry>& registry();
/// The ops of one function's name (overloads: several), or of one id.
std::vector<const OpEntry*> find_ops(std::string_view name);

}  // namespace taper
