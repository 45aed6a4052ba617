#include "nn/module_state.h"

#include <algorithm>

#include "autograd/tensor/module_path.h"

namespace taper::nn {

uint64_t Birth::next() {
  static std::atomic<uint64_t> count{0};
  return count.fetch_add(1, std::memory_order_relaxed);
}

/// Raised with every change of a tree of modules, so that paths are made again.
static std::atomic<uint64_t> changes{1};

ModuleState::ModuleState(const ModuleState& other)
    : type(other.type),
      training(other.training),
      runs_children(other.runs_children),
      parameters(other.parameters),
      buffers(other.buffers),
      children(other.children),
      shared(other.shared ? other.shared->copy() : nullptr) {}

ModuleState::~ModuleState() {
  if (!children.empty()) ++changes;
}

void enter_place(const std::shared_ptr<ModuleState>& parent, const std::string& name,
                 ModuleState& child) {
  child.places.push_back({parent, name});
  ++changes;
}

void leave_place(const ModuleState& parent, const std::string& name, ModuleState& child) {
  std::erase_if(child.places, [&](const ModuleState::Place& place) {
    std::shared_ptr<ModuleState> living = place.parent.lock();
    return !living || (living.get() == &parent && place.name == name);
  });
  ++changes;
}

const ModulePath* Module::path() const {
  uint64_t now = changes.load(std::memory_order_acquire);
  auto& cache = state_->path;
  if (cache.made_at.load(std::memory_order_acquire) == now)
    return cache.path.load(std::memory_order_relaxed);
  const ModulePath* above = nullptr;
  std::string full;
  for (const auto& [place, name] : state_->places)
    if (std::shared_ptr<ModuleState> parent = place.lock()) {
      above = Module(parent).path();
      full = above->full.empty() ? name : above->full + "." + name;
      break;
    }
  const ModulePath* path = intern_module_path(above, full, name());
  cache.path.store(path, std::memory_order_relaxed);
  cache.made_at.store(now, std::memory_order_release);
  return path;
}

const ModulePath* Module::scope() const {
  const ModulePath* own = path();
  const ModulePath* current = current_module_path();
  return own->full.empty() && current ? current : own;
}

}  // namespace taper::nn
