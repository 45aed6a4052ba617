#pragma once

#include <string>
#include <string_view>

namespace taper {

/// Where in a tree of modules code runs (`encoder.block1.conv`). Interned: one object a path, alive
/// to the end.
struct ModulePath {
  const ModulePath* parent = nullptr;
  std::string type;  ///< the module's class, for pictures
  std::string full;
};

/// The path of the module whose forward runs on this thread, or null.
const ModulePath* current_module_path();

/// The interned path `full` below `parent`; `type` is the module's class.
const ModulePath* intern_module_path(const ModulePath* parent, std::string_view full,
                                     std::string_view type);

/// Enters a path for as long as it lives.
class ModuleScope {
 public:
  explicit ModuleScope(const ModulePath* path);
  ~ModuleScope();
  ModuleScope(const ModuleScope&) = delete;
  ModuleScope& operator=(const ModuleScope&) = delete;

 private:
  const ModulePath* before_;
};

}  // namespace taper
