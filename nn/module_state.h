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

/// A number for each state that is made, in the order of their making; copies get their own.
class Birth {
 public:
  Birth() : number_(next()) {}
  Birth(const Birth&) : Birth() {}
  Birth& operator=(const Birth&) = delete;
  bool operator<(const Birth& other) const { return number_ < other.number_; }

 private:
  static uint64_t next();
  uint64_t number_;
};

/// What the copies of a module share.
struct ModuleState {
  struct NamedTensor {
    std::string name;
    Tensor tensor;
  };
  struct Child {
    std::string name;
    std::shared_ptr<Module> module;  ///< the whole layer, a handle like its other copies
    detail::Run run = nullptr;       ///< in a Sequential
  };
  struct Place {
    std::weak_ptr<ModuleState> parent;
    std::string name;
  };

  ModuleState() = default;
  /// The same content, in no other module; the children are still the other's.
  ModuleState(const ModuleState& other);
  ModuleState& operator=(const ModuleState&) = delete;
  ~ModuleState();

  Birth birth;
  const std::type_info* type = nullptr;
  bool training = true;
  bool runs_children = false;  ///< a Sequential: its children come with how they run
  std::vector<NamedTensor> parameters;
  std::vector<NamedTensor> buffers;
  std::vector<Child> children;
  std::unique_ptr<detail::Shared> shared;

  /// Where it was registered, in order; its path leads through the first that still lives.
  std::vector<Place> places;

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

/// Notes that `child` is registered in `parent` by that name, or no longer is.
void enter_place(const std::shared_ptr<ModuleState>& parent, const std::string& name,
                 ModuleState& child);
void leave_place(const ModuleState& parent, const std::string& name, ModuleState& child);

}  // namespace taper::nn
