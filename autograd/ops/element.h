#pragma once

// Gradient rules of pointwise ops over single elements: the rule's text, read a second time.

#include <type_traits>

#include "autograd/kernels/pointwise.h"
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

/// struct, what the rule reads, the rule: `at` is the rule of one element, where what it says can be
/// said of elements (`exists`); a rule that only passes a tensor on has none.
#define ELEMENT_RULE(S, reads, rule)                                  \
  template <class T>                                                  \
  struct S {                                                          \
    using Dy = Element<T>;                                            \
    using A = Element<T>;                                             \
    using B = Element<T>;                                             \
    using X = Element<T>;                                             \
    using Y = Element<T>;                                             \
    static constexpr bool exists = requires reads {                   \
      requires !std::is_reference_v<decltype((rule))>;                \
    };                                                                \
    static Element<T> at reads { return rule; }                       \
  };

namespace detail {

template <template <class> class Rule, class... Values>
Tensor map_rule(const Tensor& dy, const Values&... values) {
  if (!is_floating_point(dy.dtype()) || ((values.dtype() != dy.dtype()) || ...)) return {};
  Tensor dx = empty(dy.sizes(), {.dtype = dy.dtype()});
  dispatch_floating(dy.dtype(), [&](auto t) {
    using T = decltype(t);
    auto at = [](std::conditional_t<true, T, Values>... v) { return Rule<T>::at(v...).value; };
    [&](const auto&... buffers) {
      kernels::map<T>(plain(dx), at, kernels::Source<T>{buffers}...);
    }(plain(values)...);
  });
  return dx;
}

}  // namespace detail

/// The gradient that a member function of an op says, by `Rule`, its text over elements: one loop,
/// not one for each op in it. Undefined where the types are not all the gradient's.
template <template <class> class Rule, class Op, class... P>
Tensor in_one_pass(Tensor (Op::*)(P...) const, BackwardContext& c) {
  return detail::map_rule<Rule>(c.dy(0), taper::detail::Param<std::decay_t<P>>::get(c)...);
}

}  // namespace taper::ops
