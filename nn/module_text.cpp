#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <ostream>

#include "nn/module_state.h"

namespace taper::nn {

std::string Module::name() const {
  char* text = abi::__cxa_demangle(state_->type->name(), nullptr, nullptr, nullptr);
  std::string name = text ? text : state_->type->name();
  std::free(text);
  size_t template_begin = std::min(name.find('<'), name.size());
  size_t scope = name.rfind("::", template_begin);
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

static std::string count_text(const Module& m) {
  int64_t count = 0;
  for (const Tensor& p : m.parameters()) count += p.numel();
  if (count == 0) return "";
  return fmt::format(", {} parameter{}", count, count == 1 ? "" : "s");
}

static void write_tree(std::string& out, const Module& m, const std::string& indent) {
  out += m.name() + "(" + m.arguments();
  auto children = m.named_children();
  for (const auto& [name, child] : children) {
    out += "\n" + indent + "  (" + name + "): ";
    write_tree(out, *child, indent + "  ");
    if (child->named_children().is_empty()) out += count_text(*child);
  }
  out += (children.is_empty() ? "" : "\n" + indent) + ")";
  if (!children.is_empty()) out += count_text(m);
}

std::string to_string(const Module& module) {
  std::string out;
  write_tree(out, module, "");
  return out;
}

std::ostream& operator<<(std::ostream& out, const Module& module) {
  return out << to_string(module);
}

}  // namespace taper::nn
