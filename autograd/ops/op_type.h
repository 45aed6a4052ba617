#pragma once

// From an op struct to its table (OpType), and the templates through which it is called.

#include <new>
#include <type_traits>
#include <utility>

#include "autograd/ops/op.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

// What a rule's parameters may be. A rule reads its values by its parameter types, and the types
// say what recording keeps. Gradients and inputs are borrowed, so that no second handle keeps their
// memory from being used again.

/// The gradient of output I.
template <int I>
struct GradOf : Tensor {};
/// Input I, saved.
template <int I>
struct SavedInput : Tensor {};
/// Output I, saved.
template <int I>
struct SavedOutput : Tensor {};
/// The shape of input I, which must be the rule's own.
template <int I>
struct InputShape : Shape {};
/// The type of input I, which must be the rule's own.
template <int I>
struct InputDtype {
  Dtype value;
  operator Dtype() const { return value; }
};

// What rules name them by: `Tensor db(Dy dy, A a)`.
using Dy = const GradOf<0>&;  ///< the gradient of the output
template <int I>
using In = const SavedInput<I>&;  ///< input I
template <int I>
using Out = const SavedOutput<I>&;  ///< output I
template <int I>
using InShape = const InputShape<I>&;  ///< the shape of input I
template <int I>
using InDtype = const InputDtype<I>&;  ///< the type of input I
using X = In<0>;                       ///< the only input
using A = In<0>;                       ///< the first of two inputs
using B = In<1>;                       ///< the second
using Y = Out<0>;                      ///< the output

namespace detail {

/// Borrows t under the type that says what it is: those types add nothing to Tensor.
template <class P>
const P& borrowed(const Tensor& t) {
  static_assert(std::is_base_of_v<Tensor, P> && sizeof(P) == sizeof(Tensor));
  return static_cast<const P&>(t);
}

template <class P>
struct Param;
template <int I>
struct Param<GradOf<I>> {
  static constexpr uint32_t inputs = 0, outputs = 0;
  static const GradOf<I>& get(BackwardContext& c) { return borrowed<GradOf<I>>(c.dy(I)); }
};
template <int I>
struct Param<SavedInput<I>> {
  static constexpr uint32_t inputs = 1u << I, outputs = 0;
  static SavedInput<I> get(BackwardContext& c) { return {c.input(I)}; }
};
template <int I>
struct Param<SavedOutput<I>> {
  static constexpr uint32_t inputs = 0, outputs = 1u << I;
  static SavedOutput<I> get(BackwardContext& c) { return {c.output(I)}; }
};
template <int I>
struct Param<InputShape<I>> {
  static constexpr uint32_t inputs = 0, outputs = 0;
  static InputShape<I> get(BackwardContext& c) { return {Shape(c.input_shape(I))}; }
};
template <int I>
struct Param<InputDtype<I>> {
  static constexpr uint32_t inputs = 0, outputs = 0;
  static InputDtype<I> get(BackwardContext& c) { return {c.input_dtype(I)}; }
};
template <>
struct Param<Wanted> {
  static constexpr uint32_t inputs = 0, outputs = 0;
  static Wanted get(BackwardContext& c) { return Wanted{&c}; }
};

template <class R, class Op, class Self, class... P>
R call_rule(R (Self::*rule)(P...) const, const Op& op, BackwardContext& c) {
  return (op.*rule)(Param<std::decay_t<P>>::get(c)...);
}
/// Bit i: the rule reads the shape or type of input i.
template <class P>
inline constexpr uint32_t shape_bit = 0;
template <int I>
inline constexpr uint32_t shape_bit<InputShape<I>> = 1u << I;
template <int I>
inline constexpr uint32_t shape_bit<InputDtype<I>> = 1u << I;
template <class R, class Op, class... P>
constexpr uint32_t shapes_of(R (Op::*)(P...) const) {
  return (0u | ... | shape_bit<std::decay_t<P>>);
}

template <class R, class Op, class... P>
constexpr Rule masks_of(R (Op::*)(P...) const) {
  return {(0u | ... | Param<std::decay_t<P>>::inputs), (0u | ... | Param<std::decay_t<P>>::outputs),
          nullptr};
}

enum class Which { grads, formulas };

template <class Op, Which which>
constexpr const auto& rules_of() {
  if constexpr (which == Which::grads)
    return Op::grads;
  else
    return Op::formulas;
}

template <class Op, Which which, size_t I>
Tensor run_rule(const void* op, BackwardContext& c) {
  if constexpr (which == Which::grads && requires { Op::template one_pass<I>(c); })
    if (!thread_state.recording() && !thread_state.formulas)
      if (Tensor dx = Op::template one_pass<I>(c); dx.defined()) return dx;
  return call_rule(std::get<I>(rules_of<Op, which>()), *static_cast<const Op*>(op), c);
}

template <class Op, Which which, size_t... I>
constexpr auto make_rules(std::index_sequence<I...>) {
  static_assert((((shapes_of(std::get<I>(rules_of<Op, which>())) & ~(1u << I)) == 0) && ...),
                "a rule can read the shape of its own input alone: others may have no edge");
  std::array<Rule, sizeof...(I)> out{masks_of(std::get<I>(rules_of<Op, which>()))...};
  ((out[I].run = &run_rule<Op, which, I>), ...);
  return out;
}

template <class Op, Which which>
inline constexpr auto rule_table = make_rules<Op, which>(
    std::make_index_sequence<std::tuple_size_v<std::decay_t<decltype(rules_of<Op, which>())>>>());

template <class Op>
tensor_list run_backward_rule(const void* op, BackwardContext& c) {
  return call_rule(&Op::backward, *static_cast<const Op*>(op), c);
}

template <class Op>
tensor_list run_backward_formula(const void* op, BackwardContext& c) {
  return call_rule(&Op::backward_formula, *static_cast<const Op*>(op), c);
}

template <class Op>
constexpr bool backward_formula_keeps_no_more() {
  Rule fast = masks_of(&Op::backward), formula = masks_of(&Op::backward_formula);
  return !(formula.inputs & ~fast.inputs) && !(formula.outputs & ~fast.outputs);
}

template <class Op>
constexpr bool formulas_keep_no_more() {
  const auto& grads = rule_table<Op, Which::grads>;
  const auto& formulas = rule_table<Op, Which::formulas>;
  for (size_t i = 0; i < formulas.size(); ++i)
    if ((formulas[i].inputs & ~grads[i].inputs) || (formulas[i].outputs & ~grads[i].outputs))
      return false;
  return formulas.size() == grads.size();
}

/// Whether the number of outputs is known at run time alone: `size_t outputs(Inputs x) const`.
template <class Op>
inline constexpr bool counts_outputs = requires(const Op& op, Inputs x) {
  op.outputs(x);
};

template <class Op>
inline constexpr Rule backward_masks = masks_of(&Op::backward);

template <class Op>
constexpr OpType make_op_type() {
  static_assert(alignof(Op) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a node's block is aligned no further");
  OpType t{
      .info = &Op::info,
      .size = sizeof(Op),
      .copy = [](void* to, const void* from) { new (to) Op(*static_cast<const Op*>(from)); },
      .destroy = [](void* op) noexcept { static_cast<Op*>(op)->~Op(); },
      .infer = [](const void* op, Inputs x, Specs& y) { static_cast<const Op*>(op)->infer(x, y); },
      .forward = nullptr,
      .attributes = [](const void* op) { return attributes_of(*static_cast<const Op*>(op)); }};
  if constexpr (requires(const Op& op, Inputs x, Outputs y) { op.forward(x, y); })
    t.forward = [](const void* op, Inputs x, Outputs y) {
      static_cast<const Op*>(op)->forward(x, y);
    };
  if constexpr (counts_outputs<Op>)
    t.outputs = 0;
  else if constexpr (requires { Op::outputs; })
    t.outputs = Op::outputs;
  if constexpr (requires { Op::grads; }) {
    t.grads = rule_table<Op, Which::grads>.data();
    t.rules = int(rule_table<Op, Which::grads>.size());
  }
  if constexpr (requires { Op::formulas; }) {
    static_assert(formulas_keep_no_more<Op>());
    t.formulas = rule_table<Op, Which::formulas>.data();
  }
  if constexpr (requires { &Op::backward; }) {
    t.backward = &run_backward_rule<Op>;
    t.grads = &backward_masks<Op>;
  }
  if constexpr (requires { &Op::backward_formula; }) {
    static_assert(backward_formula_keeps_no_more<Op>());
    t.backward_formula = &run_backward_formula<Op>;
  }
  return t;
}

}  // namespace detail

/// A list of gradient rules, one an input:
/// `static constexpr auto grads = rules(&Mul::da, &Mul::db);`
template <class... R>
constexpr auto rules(R... rule) {
  return std::tuple(rule...);
}

/// The table of an op struct.
template <class Op>
inline constexpr OpType op_type = detail::make_op_type<Op>();

namespace detail {

template <class Op, size_t N>
auto apply_array(const Op& op, const std::array<const Tensor*, N>& inputs, bool in_place,
                 uint32_t spare = 0) {
  constexpr int outputs = op_type<Op>.outputs;
  static_assert(outputs > 0, "apply_list is for ops whose number of outputs varies");
  if constexpr (outputs == 1) {
    Tensor y;
    taper::apply(op_type<Op>, &op, Inputs(inputs.data(), N, spare), &y, in_place);
    return y;
  } else {
    std::array<Tensor, size_t(outputs)> y;
    taper::apply(op_type<Op>, &op, Inputs(inputs.data(), N, spare), y.data(), in_place);
    return std::tuple_cat(std::move(y));
  }
}

/// Bit i: of the tensors among arguments of those types, number i is a Spare.
template <class... T>
constexpr uint32_t spare_among() {
  uint32_t spare = 0, bit = 1;
  auto look_at = [&](bool is_tensor, bool is_spare) {
    if (is_spare) spare |= bit;
    if (is_tensor) bit <<= 1;
  };
  (look_at(std::is_base_of_v<Tensor, T>, std::is_same_v<T, Spare>), ...);
  return spare;
}

}  // namespace detail

/// Applies op to tensors; an undefined tensor stands for an input that is left out.
template <class Op, class... T>
requires(std::is_base_of_v<Tensor, T>&&...) auto apply(const Op& op, const T&... inputs) {
  return detail::apply_array(op, std::array<const Tensor*, sizeof...(T)>{&inputs...}, false,
                             detail::spare_among<T...>());
}

/// Applies op and writes its result into x.
template <class Op, class... T>
const Tensor& apply_in_place(const Op& op, const Tensor& x, const T&... rest) {
  detail::apply_array(op, std::array<const Tensor*, 1 + sizeof...(T)>{&x, &rest...}, true);
  return x;
}

/// Applies an op of any number of inputs.
template <class Op>
tensor_list apply_list(const Op& op, TensorList inputs, bool in_place = false) {
  memory::vector<const Tensor*> pointers;
  for (const Tensor& t : inputs) pointers.push_back(&t);
  Inputs x(pointers.data(), pointers.size());
  tensor_list out;
  if constexpr (detail::counts_outputs<Op>)
    out.resize(op.outputs(x));
  else
    out.resize(size_t(op_type<Op>.outputs));
  taper::apply(op_type<Op>, &op, x, out.data(), in_place);
  return out;
}

}  // namespace taper
