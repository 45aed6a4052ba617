#pragma once

#include <functional>
#include <string>
#include <tuple>
#include <type_traits>

#include "autograd/gradcheck/report.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/tensor.h"

namespace taper {

/// How gradcheck compares; the tolerances are PyTorch's: |analytic - numeric| <= atol + rtol
/// |numeric|.
struct GradcheckOptions {
  int order = 1;  ///< 2: also the derivatives of the gradients, by input and by output gradient
  double eps = 1e-6;
  double atol = 1e-5;
  double rtol = 1e-3;
  uint64_t seed = 0;      ///< of the random output gradients; the global generator is left alone
  std::string name = {};  ///< what the report calls the function
  /// Checked too: what the function reads by itself, as `.parameters = net.parameters()`.
  tensor_list parameters = {};
};

namespace detail {

using ListFunction = std::function<tensor_list(const tensor_list&)>;

GradcheckReport gradcheck(const ListFunction& f, const tensor_list& inputs,
                          const GradcheckOptions& options);
/// Adds those that are not in the list yet.
void add_others(tensor_list& list, const tensor_list& others);

inline tensor_list as_list(Tensor y) { return {std::move(y)}; }
inline tensor_list as_list(tensor_list y) { return y; }
template <class... T>
tensor_list as_list(std::tuple<T...> y) {
  return std::apply([](auto&... t) { return tensor_list{t...}; }, y);
}
template <class A, class B>
tensor_list as_list(std::pair<A, B> y) {
  return {y.first, y.second};
}

template <size_t>
using TensorArgument = const Tensor&;
template <class F, size_t... I>
constexpr bool takes_tensors(std::index_sequence<I...>) {
  return std::is_invocable_v<F&, TensorArgument<I>...>;
}
template <class F, size_t... N>
constexpr bool takes_any_tensors(std::index_sequence<N...>) {
  return (takes_tensors<F>(std::make_index_sequence<N>()) || ...);
}

inline constexpr size_t most_arguments = 10;

template <class F, size_t... I>
tensor_list spread(F& f, const tensor_list& x, std::index_sequence<I...>) {
  return as_list(f(x[I]...));
}
template <size_t N, class F>
tensor_list call_with_tensors(F& f, const tensor_list& x) {
  if constexpr (N > most_arguments) {
    fail("gradcheck", "the function does not take {} tensors", x.size());
  } else {
    if constexpr (takes_tensors<F>(std::make_index_sequence<N>()))
      if (x.size() == N) return spread(f, x, std::make_index_sequence<N>());
    return call_with_tensors<N + 1>(f, x);
  }
}

/// f of the tensors in x: as so many arguments if it takes tensors, else as one list.
template <class F>
tensor_list call_with_list(F& f, const tensor_list& x) {
  if constexpr (takes_any_tensors<F>(std::make_index_sequence<most_arguments + 1>()))
    return call_with_tensors<0>(f, x);
  else
    return as_list(f(x));
}

}  // namespace detail

/// Compares the gradients of f with central differences, in float64. f takes the inputs as
/// arguments (or as one tensor_list) and returns a tensor, a tuple or a tensor_list; inputs that
/// require grad are checked, and f's parameters if it is a module. Does not throw for a wrong
/// gradient: see the report.
template <class F>
GradcheckReport gradcheck(F&& f, TensorList inputs, const GradcheckOptions& options = {}) {
  auto call = [&f](const tensor_list& x) { return detail::call_with_list(f, x); };
  if constexpr (requires { tensor_list(f.parameters()); }) {
    GradcheckOptions with_parameters = options;
    detail::add_others(with_parameters.parameters, f.parameters());
    return detail::gradcheck(call, inputs, with_parameters);
  } else {
    return detail::gradcheck(call, inputs, options);
  }
}

}  // namespace taper
