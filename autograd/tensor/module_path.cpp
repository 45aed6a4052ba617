#include "autograd/tensor/module_path.h"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "autograd/tensor/thread_state.h"

namespace taper {

const ModulePath* current_module_path() { return thread_state.path; }

const ModulePath* intern_module_path(const ModulePath* parent, std::string_view full,
                                     std::string_view type) {
  using Key = std::tuple<const ModulePath*, std::string, std::string>;
  static std::mutex mutex;
  static auto* paths = new std::map<Key, std::unique_ptr<ModulePath>>;  // outlives every graph
  std::lock_guard lock(mutex);
  auto& slot = (*paths)[Key(parent, full, type)];
  if (!slot)
    slot = std::make_unique<ModulePath>(ModulePath{parent, std::string(type), std::string(full)});
  return slot.get();
}

ModuleScope::ModuleScope(const ModulePath* path) : before_(thread_state.path) {
  thread_state.path = path;
}

ModuleScope::~ModuleScope() { thread_state.path = before_; }

}  // namespace taper
