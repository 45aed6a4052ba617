#pragma once

// Gradient rules of pointwise ops over single elements: the rule's text, read a second time.

#include <type_traits>

#include "autograd/kernels/pointwise.h"
#include "autograd/ops/in_blocks.h"
#include "autograd/ops/op.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// One element of a tensor of T, with the operators and functions of tensors that are arithmetic:
/// numbers beside it become T, as they do beside a tensor.
template <class T>
struct Element {
  T value;

  template <class N>
  requires std::is_arithmetic_v<N> Element(N number) : value(T(number)) {}

  friend Element operator-(Element a) { return -a.value; }
  friend Element operator+(Element a, Element b) { return a.value + b.value; }
  friend Element operator-(Element a, Element b) { return a.value - b.value; }
  friend Element operator*(Element a, Element b) { return a.value * b.value; }
  friend Element operator/(Element a, Element b) { return a.value / b.value; }
  friend bool operator==(Element a, Element b) { return a.value == b.value; }
  friend bool operator<(Element a, Element b) { return a.value < b.value; }
  friend bool operator<=(Element a, Element b) { return a.value <= b.value; }
  friend bool operator>(Element a, Element b) { return a.value > b.value; }
  friend bool operator>=(Element a, Element b) { return a.value >= b.value; }
  friend Element where(bool condition, Element a, Element b) { return condition ? a : b; }
  friend Element square(Element a) { return a.value * a.value; }
  friend Element sign(Element a) { return a.value > 0 ? T(1) : a.value < 0 ? T(-1) : T(0); }
};

/// struct, what the rule reads, the rule: `at` is the rule of one element, where what it says can
/// be said of elements (`exists`); a rule that only passes a tensor on has none.
#define ELEMENT_RULE(S, reads, rule)                   \
  template <class T>                                   \
  struct S {                                           \
    using Dy = Element<T>;                             \
    using A = Element<T>;                              \
    using B = Element<T>;                              \
    using X = Element<T>;                              \
    using Y = Element<T>;                              \
    static constexpr bool exists = requires reads {    \
      requires !std::is_reference_v<decltype((rule))>; \
    };                                                 \
    static Element<T> at reads { return rule; }        \
  };

namespace detail {

template <class T, class>
using Same = T;

/// Memory for a rule's result: that of an operand that nobody else holds, or fresh.
template <class... T>
Tensor result_of_rule(const Tensor& dy, int64_t block, const T&... operands) {
  for (const Tensor* t : {static_cast<const Tensor*>(&operands)...})
    if (can_take(*t, dy.sizes(), dy.dtype(), block)) {
      t->impl()->storage->start_anew();
      return *t;
    }
  Tensor dx = empty(dy.sizes(), {.dtype = dy.dtype()});
  if (block) put_in_blocks(dx, block);
  return dx;
}

/// What input i has so far, to be added to its rule's result of the gradient's shape and type.
inline Tensor sum_so_far(BackwardContext& c, int i, int64_t block) {
  const Tensor& dy = c.dy(0);
  if (!(c.input_shape(i) == dy.sizes()) || c.input_dtype(i) != dy.dtype()) return {};
  Tensor sum = c.take_sum(i);
  return sum.defined() && block ? sum.contiguous() : sum;
}

template <template <class> class Rule, class... Values>
Tensor map_rule(BackwardContext& c, int input, const Values&... values) {
  const Tensor& dy = c.dy(0);
  if (!is_floating_point(dy.dtype()) || ((values.dtype() != dy.dtype()) || ...)) return {};
  const Tensor* operands[] = {&dy, static_cast<const Tensor*>(&values)...};
  Inputs x(operands, std::size(operands));
  int64_t block = any_in_blocks(x) ? common_block(x) : 0;
  bool last = true;
  for (int i = input + 1; i < int(c.node().inputs()); ++i) last &= !c.wanted(i);
  if (last) c.release_saved();
  Tensor sum = sum_so_far(c, input, block);
  Tensor dx = last ? result_of_rule(dy, block, sum, values...) : result_of_rule(dy, block, sum);
  dispatch_floating(dy.dtype(), [&](auto t) {
    using T = decltype(t);
    Tensor copies[2 + sizeof...(Values)];
    size_t copy = 0;
    auto memory = [&](const Tensor& operand) { return memory_in(block, operand, copies[copy++]); };
    auto run = [&](auto f, const auto&... from) {
      kernels::map<T>(memory(dx), f, kernels::Source<T>{from}...);
    };
    auto at = [](Same<T, Values>... v) { return Rule<T>::at(v...).value; };
    auto plus = [](T sum, Same<T, Values>... v) { return sum + Rule<T>::at(v...).value; };
    if (sum.defined())
      run(plus, memory(sum), memory(values)...);
    else
      run(at, memory(values)...);
  });
  return dx;
}

}  // namespace detail

/// The gradient of input I that a member function of an op says, by `Rule`, its text over elements:
/// one loop, not one for each op in it, which adds the gradient that the input has already and
/// writes into memory that nobody else needs. Undefined where the types are not all the gradient's.
template <size_t I, template <class> class Rule, class Op, class... P>
Tensor in_one_pass(Tensor (Op::*)(P...) const, BackwardContext& c) {
  return detail::map_rule<Rule>(c, int(I), taper::detail::Param<std::decay_t<P>>::get(c)...);
}

}  // namespace taper::ops
