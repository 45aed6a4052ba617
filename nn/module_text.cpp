#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <ostream>
#include <string_view>

#include "nn/module_state.h"

namespace taper::nn {

/// Where the class's own name begins: behind the last :: that stands in no template's brackets, nor
/// in those of a function that the class is local to.
static size_t class_begins(std::string_view name) {
  int inside = 0;
  for (size_t i = name.size(); i-- > 1;) {
    if (name[i] == '>' || name[i] == ')') ++inside;
    if (name[i] == '<' || name[i] == '(') --inside;
    if (inside == 0 && name[i] == ':' && name[i - 1] == ':') return i + 1;
  }
  return 0;
}

std::string Module::name() const {
  char* text = abi::__cxa_demangle(state_->type->name(), nullptr, nullptr, nullptr);
  std::string name = text ? text : state_->type->name();
  std::free(text);
  return name.substr(class_begins(name));
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
