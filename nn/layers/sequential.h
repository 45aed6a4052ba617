#pragma once

#include "nn/module.h"

namespace taper::nn {

/// Layers one after the other, named "0", "1", ... unless they are given names.
class Sequential : public Layer<Sequential> {
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
    push_back(std::to_string(size()), layer);
  }
  template <std::derived_from<Module> L>
  void push_back(const std::string& name, const L& layer) {
    add(name, layer.copy_handle(), [layer](const Tensor& x) -> Tensor { return layer(x); });
  }
  size_t size() const;

  /// Throws if there are no layers.
  Tensor forward(const Tensor& x) const;

 private:
  using Stage = std::function<Tensor(const Tensor&)>;
  struct State;
  void add(const std::string& name, std::shared_ptr<Module> layer, Stage stage);
  State& stages() const;
};

}  // namespace taper::nn
