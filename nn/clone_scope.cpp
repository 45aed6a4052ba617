#include "nn/clone_scope.h"

#include <cstring>
#include <new>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/error.h"

namespace taper::nn {

static thread_local CloneScope* current_scope = nullptr;

CloneScope::CloneScope() : before_(current_scope) { current_scope = this; }
CloneScope::~CloneScope() { current_scope = before_; }
CloneScope* CloneScope::current() { return current_scope; }

static Tensor deep_copy(const Tensor& t) {
  NoGradGuard no_grad;
  Tensor copy = t.clone();
  if (t.requires_grad()) copy.requires_grad_();
  return copy;
}

void CloneScope::note(const std::vector<ModuleState::NamedTensor>& tensors) {
  for (const auto& [name, t] : tensors)
    if (t.defined() && !tensors_.contains(t.impl()))
      tensors_[t.impl()] = {deep_copy(t), t.impl()->use_count(), name};
}

void CloneScope::replace(std::vector<ModuleState::NamedTensor>& tensors) {
  for (auto& [name, t] : tensors)
    if (t.defined()) t = tensors_.at(t.impl()).tensor;
}

std::shared_ptr<ModuleState> CloneScope::copy_of(const std::shared_ptr<ModuleState>& state) {
  if (auto found = states_.find(state.get()); found != states_.end()) return found->second;
  note(state->parameters);
  note(state->buffers);
  std::shared_ptr<ModuleState> copy = state->copy();
  replace(copy->parameters);
  replace(copy->buffers);
  copy->parent.reset();
  copy->name.clear();
  for (auto& child : copy->children) {
    child.module = child.module->copy_handle();
    Module::adopt(copy, child.name, *child.module);
  }
  states_[state.get()] = copy;
  states_[copy.get()] = copy;  // copies of the copy, on its way out of a function, share
  return copy;
}

void CloneScope::rebind(std::span<std::byte> layer) {
  // A Tensor is one pointer: those that lie in the layer itself are found by its value.
  static_assert(sizeof(Tensor) == sizeof(TensorImpl*));
  for (size_t at = 0; at + sizeof(Tensor) <= layer.size(); at += alignof(Tensor)) {
    const TensorImpl* impl;
    std::memcpy(&impl, layer.data() + at, sizeof impl);
    if (auto found = tensors_.find(impl); found != tensors_.end())
      *std::launder(reinterpret_cast<Tensor*>(layer.data() + at)) = found->second.tensor;
  }
}

void CloneScope::finish() {
  for (auto [layer, bytes] : layers_) rebind(bytes(layer));
  for (auto& [impl, copied] : tensors_)
    if (impl->use_count() > copied.owners)
      fail("clone",
           "\"{}\" is also held in a container, where the copy would share it; expected tensors as "
           "members of their layer",
           copied.name);
}

}  // namespace taper::nn
