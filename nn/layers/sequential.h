#pragma once

#include "nn/module.h"

namespace taper::nn {

/// Layers one after the other, named "0", "1", ... unless they are given names.
class Sequential final : public Layer<Sequential> {
 public:
  Sequential();
  template <std::derived_from<Module>... L>
  requires(sizeof...(L) != 1 ||
           !(std::same_as<L, Sequential> && ...)) explicit Sequential(const L&... layers)
      : Sequential() {
    (push_back(layers), ...);
  }

  /// Adds a layer whose forward takes a tensor and returns one.
  template <std::derived_from<Module> L>
  void push_back(const L& layer) {
    push_back(next_name(), layer);
  }
  template <std::derived_from<Module> L>
  void push_back(const std::string& name, const L& layer) {
    TAPER_CHECK_LAYER(L);
    add_child("push_back", name, layer.copy_handle(), &run<L>);
  }
  /// As push_back, and returns the layer.
  template <std::derived_from<Module> L>
  L register_module(const std::string& name, L layer) {
    TAPER_CHECK_LAYER(L);
    add_child("register_module", name, layer.copy_handle(), &run<L>);
    return layer;
  }
  /// Lets another layer run in the place of the one of that name, and returns it.
  template <std::derived_from<Module> L>
  L replace_module(const std::string& name, L layer) {
    TAPER_CHECK_LAYER(L);
    replace_child(name, layer.copy_handle(), &run<L>);
    return layer;
  }
  /// The number of layers.
  size_t size() const;

  /// Throws if there are no layers.
  Tensor forward(Tensor x) const;

 private:
  template <class L>
  static Tensor run(const Module& module, Tensor x) {
    return static_cast<const L&>(module)(std::move(x));
  }
  std::string next_name() const;
};
extern template class Layer<Sequential>;

}  // namespace taper::nn
