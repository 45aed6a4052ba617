#include "autograd/ops/attributes.h"

#include <fmt/format.h>

namespace taper {

std::string to_string(const Attribute::Value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::vector<int64_t>>)
          return to_string(IntList(v));
        else
          return fmt::format("{}", v);
      },
      value);
}

std::string to_string(const std::vector<Attribute>& attributes) {
  std::string out;
  for (const auto& [name, value] : attributes)
    out += (out.empty() ? "" : ", ") + name + "=" + to_string(value);
  return out;
}

std::vector<std::string_view> split_names(std::string_view list) {
  std::vector<std::string_view> names;
  while (!list.empty()) {
    size_t end = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, end);
    while (!name.empty() && (name.front() == ' ' || name.front() == '\n')) name.remove_prefix(1);
    names.push_back(name);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return names;
}

}  // namespace taper
