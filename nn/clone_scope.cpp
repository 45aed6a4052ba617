#include "nn/clone_scope.h"

#include <cstring>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/error.h"

namespace taper::nn {

static thread_local CloneScope* current_scope = nullptr;

CloneScope::CloneScope() : before_(current_scope) { current_scope = this; }
CloneScope::~CloneScope() {
  for (const auto& [at, old] : lent_) std::memcpy(at, &old, sizeof old);
  current_scope = before_;
}
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

void CloneScope::replace(std::vector<ModuleState::NamedTensor>& tensors) const {
  for (auto& [name, t] : tensors)
    if (t.defined()) t = tensors_.at(t.impl()).tensor;
}

std::shared_ptr<ModuleState> CloneScope::copy_of(const std::shared_ptr<ModuleState>& state) {
  if (birth_ < state->birth) return state;  // a copy on its way, or made by a copy constructor
  if (auto found = states_.find(state.get()); found != states_.end()) return found->second;
  note(state->parameters);
  note(state->buffers);
  auto copy = std::make_shared<ModuleState>(*state);
  replace(copy->parameters);
  replace(copy->buffers);
  for (auto& child : copy->children) {
    child.module = child.module->copy_handle();
    enter_place(copy, child.name, *child.module->state_);
  }
  states_[state.get()] = copy;
  return copy;
}

void CloneScope::lend(const void* from, size_t size) {
  static_assert(sizeof(Tensor) == sizeof(TensorImpl*), "a Tensor is one pointer");
  auto* bytes = static_cast<std::byte*>(const_cast<void*>(from));
  for (size_t at = 0; at + sizeof(Tensor) <= size; at += alignof(Tensor)) {
    const TensorImpl* old;
    std::memcpy(&old, bytes + at, sizeof old);
    auto found = tensors_.find(old);
    if (found == tensors_.end()) continue;
    lent_.push_back({bytes + at, old});
    const TensorImpl* copy = found->second.tensor.impl();
    std::memcpy(bytes + at, &copy, sizeof copy);
  }
}

void CloneScope::finish() const {
  for (const auto& [impl, copied] : tensors_)
    if (impl->use_count() > copied.owners)
      fail("clone",
           "\"{}\" is also held in a container, where the copy would share it; expected tensors as "
           "members of their layer",
           copied.name);
}

}  // namespace taper::nn
