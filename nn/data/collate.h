#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "autograd/tensor/factories.h"
#include "nn/data/dataset.h"

namespace taper::data {

// Joins examples to a batch with a new first dimension: tensors are stacked, numbers become a
// tensor, pairs, tuples and Examples are joined part by part.

inline Tensor collate(const std::vector<Tensor>& examples) { return stack(examples); }

inline Example collate(const std::vector<Example>& examples) {
  std::vector<Tensor> data, target;
  for (const Example& e : examples) {
    data.push_back(e.data);
    target.push_back(e.target);
  }
  return {stack(data), stack(target)};
}

template <class T>
requires std::is_arithmetic_v<T> Tensor collate(const std::vector<T>& examples) {
  return tensor(examples);
}

template <class T>
requires requires { std::tuple_size<T>::value; }
auto collate(const std::vector<T>& examples);

namespace detail {

template <size_t I, class T>
auto collate_part(const std::vector<T>& examples) {
  std::vector<std::tuple_element_t<I, T>> part;
  for (const T& e : examples) part.push_back(std::get<I>(e));
  return collate(part);
}

}  // namespace detail

template <class T>
requires requires { std::tuple_size<T>::value; }
auto collate(const std::vector<T>& examples) {
  return [&]<size_t... I>(std::index_sequence<I...>) {
    return std::tuple(detail::collate_part<I>(examples)...);
  }
  (std::make_index_sequence<std::tuple_size_v<T>>());
}

}  // namespace taper::data
