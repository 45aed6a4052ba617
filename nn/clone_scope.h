#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "nn/module_state.h"

namespace taper::nn {

/// While one lives on a thread, copying a module there makes a deep copy: each shared state, and
/// each parameter and buffer, is copied once, whichever way it is reached.
///
/// A layer's own copy constructor copies its members, and only it knows which of its bytes are
/// tensors. So the layer that is copied is lent the copies meanwhile: in its bytes the addresses of
/// old tensors are those of the new ones, until the scope ends. A member that is a tensor is then
/// copied, and counted, by the tensor's own constructor; what only looks like one is left alone.
class CloneScope {
 public:
  CloneScope();
  ~CloneScope();
  CloneScope(const CloneScope&) = delete;
  CloneScope& operator=(const CloneScope&) = delete;

  static CloneScope* current();

  /// The state's copy; the state itself where it was made in this scope.
  std::shared_ptr<ModuleState> copy_of(const std::shared_ptr<ModuleState>& state);

  /// Lends the layer, the object of `size` bytes at `from`, the new tensors.
  void lend(const void* from, size_t size);

  /// Throws where another handle to an old tensor was copied, in a container, which would stay
  /// shared.
  void finish() const;

 private:
  struct Copied {
    Tensor tensor;
    uint32_t owners;  ///< of the old one, before
    std::string name;
  };
  struct Lent {
    std::byte* at;
    const TensorImpl* old;
  };
  void note(const std::vector<ModuleState::NamedTensor>& tensors);
  void replace(std::vector<ModuleState::NamedTensor>& tensors) const;

  CloneScope* before_;
  Birth birth_;
  std::map<const ModuleState*, std::shared_ptr<ModuleState>> states_;
  std::map<const TensorImpl*, Copied> tensors_;
  std::vector<Lent> lent_;
};

}  // namespace taper::nn
