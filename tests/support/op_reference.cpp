#include "tests/support/op_reference.h"

#include <fmt/format.h>

#include "autograd/ops/registry.h"

namespace taper::test {

/// Text for a cell of a table: code, where it is not empty.
static std::string code(std::string_view text) {
  std::string escaped;
  for (char c : text) escaped += c == '|' ? "\\|" : std::string(1, c);
  return escaped.empty() ? "" : "`" + escaped + "`";
}

static std::string row(const OpEntry& op) {
  std::string call = code(op.signature);
  if (op.has_in_place) call += ", " + code(std::string(op.function) + "_");
  std::string gradient = op.type ? code(op.info->grad) : "of its parts";
  if (op.type && !op.type->differentiable()) gradient = "none";
  return fmt::format("| {} | {} | {} | {} |\n", call, code(op.info->formula), gradient,
                     op.info->doc);
}

std::string op_reference() {
  std::string out =
      "# The ops\n\n"
      "Written by `./run docs` from the registry. Every function that takes `x` first is a member "
      "too: "
      "`sum(x, 0)` is `x.sum(0)`; those with a second name ending in `_` also write into x. "
      "Operands `a` and `b` "
      "broadcast, and one of them may be a number.\n";
  std::string family;
  for (const OpEntry& op : registry()) {
    if (op.family != family) {
      family = op.family;
      out += fmt::format("\n## {}\n\n| call | value | gradient | |\n|---|---|---|---|\n", family);
    }
    out += row(op);
  }
  return out;
}

}  // namespace taper::test
