#pragma once

// What pictures of the recorded graph show, and their text. docs/pictures.md shows some.

#include <concepts>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tensor/tensor.h"

namespace taper::viz {

/// Names of tensors: a list of (name, tensor) pairs, or anything whose named_parameters() gives
/// one.
class Names {
 public:
  using Pair = std::pair<std::string, Tensor>;

  Names() = default;
  Names(std::initializer_list<Pair> pairs) : pairs_(pairs) {}
  template <class T>
  requires requires(const T& source) { source.named_parameters(); }
  Names(const T& source) {
    for (const auto& [name, tensor] : source.named_parameters()) pairs_.emplace_back(name, tensor);
  }

  /// The names with their tensors.
  const std::vector<Pair>& pairs() const { return pairs_; }

 private:
  std::vector<Pair> pairs_;
};

/// Of pictures.
struct Options {
  Names names = {};            ///< of parameters; other leaves are called input
  bool backward = false;       ///< the way of the gradients, with each op's rule
  bool modules = false;        ///< a module that holds no others is one box
  bool left_to_right = false;  ///< instead of top to bottom
  std::string title = {};
};

/// The graph below the outputs in Graphviz' DOT language; the same graph gives the same text. Needs
/// no library.
std::string to_dot(TensorList outputs, const Options& options = {});
std::string to_dot(const Tensor& output, const Options& options = {});

}  // namespace taper::viz
