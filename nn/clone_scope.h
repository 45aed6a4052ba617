#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>

#include "nn/module_state.h"

namespace taper::nn {

/// While one lives on a thread, copying a module there makes a deep copy: each shared state, and
/// each parameter and buffer, is copied once, whichever way it is reached.
class CloneScope {
 public:
  CloneScope();
  ~CloneScope();
  CloneScope(const CloneScope&) = delete;
  CloneScope& operator=(const CloneScope&) = delete;

  static CloneScope* current();

  std::shared_ptr<ModuleState> copy_of(const std::shared_ptr<ModuleState>& state);

  using Bytes = std::span<std::byte> (*)(void* layer);
  /// A layer is being made, or goes.
  void enter(void* layer, Bytes bytes) { layers_[layer] = bytes; }
  void leave(void* layer) { layers_.erase(layer); }

  /// Lets the tensors that are members of the new layers be their state's. Throws where another
  /// handle to an old tensor was copied, in a container, which would stay shared.
  void finish();

 private:
  struct Copied {
    Tensor tensor;
    uint32_t owners;  ///< of the old one, before
    std::string name;
  };
  void note(const std::vector<ModuleState::NamedTensor>& tensors);
  void replace(std::vector<ModuleState::NamedTensor>& tensors);
  void rebind(std::span<std::byte> layer);

  CloneScope* before_;
  std::map<const ModuleState*, std::shared_ptr<ModuleState>> states_;
  std::map<const TensorImpl*, Copied> tensors_;
  std::map<void*, Bytes> layers_;
};

}  // namespace taper::nn
