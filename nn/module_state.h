#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

#include "nn/module.h"

namespace taper {
struct ModulePath;
}

namespace taper::nn {

/// What the copies of a module share.
struct ModuleState {
  struct NamedTensor {
    std::string name;
    Tensor tensor;
  };
  struct Child {
    std::string name;
    std::shared_ptr<Module> module;  ///< the whole layer, a handle like its other copies
  };

  virtual ~ModuleState() = default;
  /// Another state with the same content; layers in it are copied as the thread's CloneScope says.
  virtual std::shared_ptr<ModuleState> copy() const { return std::make_shared<ModuleState>(*this); }

  const std::type_info* type = nullptr;
  bool training = true;
  std::vector<NamedTensor> parameters;
  std::vector<NamedTensor> buffers;
  std::vector<Child> children;

  std::weak_ptr<ModuleState>
      parent;        ///< the first module that it was registered in and that still lives
  std::string name;  ///< there

  /// The path as it was at a count of all registrations; made again after later ones.
  struct PathCache {
    PathCache() = default;
    PathCache(const PathCache&) {}
    PathCache& operator=(const PathCache&) = delete;
    std::atomic<uint64_t> made_at{0};
    std::atomic<const ModulePath*> path{nullptr};
  };
  PathCache path;
};

}  // namespace taper::nn
