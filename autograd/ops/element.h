#pragma once

// Gradient rules of pointwise ops over single elements: the rule's text, read a second time.

#include <type_traits>

#include "autograd/graph/engine.h"
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

template <template <class> class Rule, class... Values>
Tensor map_rule(const Tensor& dy, bool dy_is_spare, const Values&... values) {
  if (!is_floating_point(dy.dtype()) || ((values.dtype() != dy.dtype()) || ...)) return {};
  const Tensor* operands[] = {&dy, static_cast<const Tensor*>(&values)...};
  int64_t block = common_block(Inputs(operands, std::size(operands)));
  dy_is_spare = dy_is_spare && block_of(dy) == block;
  Tensor dx = dy_is_spare ? dy : empty(dy.sizes(), {.dtype = dy.dtype()});
  if (block && !dy_is_spare) put_in_blocks(dx, block);
  dispatch_floating(dy.dtype(), [&](auto t) {
    using T = decltype(t);
    auto at = [](Same<T, Values>... v) { return Rule<T>::at(v...).value; };
    [&](const auto&... x) {
      kernels::map<T>(Lying(dx, block).memory, at, kernels::Source<T>{x.memory}...);
    }(Lying(values, block)...);
  });
  return dx;
}

}  // namespace detail

/// The gradient of input I that a member function of an op says, by `Rule`, its text over elements:
/// one loop, not one for each op in it, and in dy's memory where nobody else needs that. Undefined
/// where the types are not all the gradient's.
template <size_t I, template <class> class Rule, class Op, class... P>
Tensor in_one_pass(Tensor (Op::*)(P...) const, BackwardContext& c) {
  const Tensor& dy = c.dy(0);
  bool last = true;
  for (size_t i = I + 1; i < c.node().inputs(); ++i) last &= !c.wanted(int(i));
  return detail::map_rule<Rule>(dy, last && nobody_else_holds(dy),
                                taper::detail::Param<std::decay_t<P>>::get(c)...);
}

}  // namespace taper::ops
