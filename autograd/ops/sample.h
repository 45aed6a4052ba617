#pragma once

#include <functional>
#include <string>

#include "autograd/ops/op.h"

namespace taper {

/// A random input of a sample: its values lie in [lo, hi).
struct SampleInput {
  Shape sizes;
  double lo = -2, hi = 2;
  Dtype dtype = float64;  ///< float64: any floating type, as the check wants; others as they are
  bool differentiable = true;
};

/// One use of an op with which the registry's checks try it.
struct Sample {
  using Function = std::function<tensor_list(const tensor_list&)>;

  /// An op struct with its attributes.
  template <class Op>
  requires requires { Op::info; }
  Sample(std::vector<SampleInput> inputs, Op op)
      : inputs(std::move(inputs)),
        label(to_string(attributes_of(op))),
        run([op](const tensor_list& x) { return apply_list(op, x); }) {
    in_place = [op](const tensor_list& x) { return apply_list(op, x, true); };
    if constexpr (requires(const tensor_list& x) { tensor_list(op.reference(x)); })
      reference = [op](const tensor_list& x) { return op.reference(x); };
    else if constexpr (requires(const tensor_list& x) { op.reference(x); })
      reference = [op](const tensor_list& x) { return tensor_list{op.reference(x)}; };
  }
  /// An op struct through a call that prepares its inputs.
  template <class Op>
  requires requires { Op::info; }
  Sample(std::vector<SampleInput> inputs, Op op, Function call) : Sample(std::move(inputs), op) {
    run = std::move(call);
    in_place = {};
  }
  /// Any call: of a composite, of an op through its own `call`.
  Sample(std::vector<SampleInput> inputs, std::string label, Function run, Function reference = {})
      : inputs(std::move(inputs)),
        label(std::move(label)),
        run(std::move(run)),
        reference(std::move(reference)) {}

  /// The same with the function's in-place form, which writes x[0] and returns it.
  Sample with_in_place(Function f) && {
    in_place = std::move(f);
    return std::move(*this);
  }

  /// The same with a reference that holds for inputs of these shapes alone.
  Sample of_fixed_shapes() && {
    fixed_shapes = true;
    return std::move(*this);
  }

  std::vector<SampleInput> inputs;
  std::string label;
  Function run;
  Function reference;  ///< the slow truth; shares nothing with the kernel
  bool fixed_shapes = false;
  Function in_place;  ///< needed where the in-place form takes more than tensors
  /// Wider than PyTorch's tolerances, with the reason, where a sample needs it.
  double tolerance = 0;
  std::string tolerance_reason;
};

}  // namespace taper
