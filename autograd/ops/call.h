#pragma once

#include "autograd/ops/op.h"

namespace taper {

namespace detail {

template <class T>
constexpr bool is_tensor_v = std::is_base_of_v<Tensor, std::decay_t<T>>;

template <class T>
auto tensor_or_nothing(const T& v) {
  if constexpr (is_tensor_v<T>)
    return std::tuple<const Tensor*>(&v);
  else
    return std::tuple<>();
}
template <class T>
auto field_or_nothing(const T& v) {
  if constexpr (is_tensor_v<T>)
    return std::tuple<>();
  else
    return std::tuple<const T&>(v);
}

/// Sorts a call's arguments: the tensors become inputs, the others the op's fields, in order.
template <class Op, class... Args>
auto apply_sorted(bool in_place, const Args&... args) {
  auto tensors = std::tuple_cat(tensor_or_nothing(args)...);
  auto values = std::tuple_cat(field_or_nothing(args)...);
  Op op{};
  if constexpr (std::tuple_size_v<decltype(values)> != 0) {
    auto fields = op.fields();
    static_assert(std::tuple_size_v<decltype(fields)> == std::tuple_size_v<decltype(values)>);
    fields = values;
  }
  return std::apply(
      [&](auto... t) {
        return apply_array(op, std::array<const Tensor*, sizeof...(t)>{t...}, in_place,
                           spare_among<Args...>());
      },
      tensors);
}

}  // namespace detail

/// Calls an op as its users do: through its own `call` where it has one (defaults, promotion,
/// composites).
template <class Op, class... Args>
decltype(auto) call(const Args&... args) {
  if constexpr (requires { Op::call(args...); })
    return Op::call(args...);
  else
    return detail::apply_sorted<Op>(false, args...);
}

template <class Op, class... Args>
const Tensor& call_in_place(const Tensor& x, const Args&... args) {
  if constexpr (requires { Op::call_in_place(x, args...); })
    Op::call_in_place(x, args...);
  else
    detail::apply_sorted<Op>(true, x, args...);
  return x;
}

}  // namespace taper
