#include "tests/support/op_picture.h"

#include <fmt/format.h>

#include <set>

#include "autograd/graph/node.h"
#include "autograd/viz/draw.h"

namespace taper::test {

/// The first node of an op below the outputs; null if there is none.
static const Node* find_node(const tensor_list& outputs, const OpType& type) {
  std::vector<const Node*> open;
  std::set<const Node*> seen;
  auto visit = [&](const Node* node) {
    if (node && seen.insert(node).second) open.push_back(node);
  };
  for (const Tensor& y : outputs) visit(gradient_edge(*y.impl()).node.get());
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (&node->type() == &type) return node;
    for (size_t i = 0; i < node->inputs(); ++i) visit(node->edge(i).node.get());
  }
  return nullptr;
}

std::string picture_fault(const OpEntry& op, const tensor_list& outputs) {
  tensor_list drawn;
  for (const Tensor& y : outputs)
    if (y.defined() && y.requires_grad()) drawn.push_back(y);
  if (drawn.empty()) return {};
  std::string picture = viz::to_dot(drawn);
  if (!op.type) return {};
  const Node* node = find_node(drawn, *op.type);
  if (!node) return "no node of the op in the graph";
  std::vector<std::string> parts{fmt::format("<b>{}</b>", op.info->name),
                                 fmt::format("tooltip=\"{}\\n{}", op.info->name, op.info->formula)};
  for (const auto& [name, value] : node->attributes())
    if (std::string text = to_string(value); text != "[]" && text != "false")  // left out there
      parts.push_back(name + "=" + text);
  for (const std::string& part : parts)
    if (picture.find(part) == std::string::npos) return fmt::format("no {} in the picture", part);
  return {};
}

}  // namespace taper::test
