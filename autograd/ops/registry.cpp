#include "autograd/ops/registry.h"

// Built from the .def lines by name: a line without a struct does not compile, a family left out does not link.

namespace taper {

#define OP(S, ...) OpEntry op_entry_##S();
#define OP_INPLACE OP
#define OP_COMPARE OP
#define OP_BINARY OP
#define INPLACE OP
#define FREE OP
#include "autograd/ops/ops.def"
#undef OP

static std::vector<OpEntry> build() {
  std::vector<OpEntry> all;
  auto add = [&](const char* id, const char* family, OpEntry entry) {
    entry.id = id;
    entry.family = family;
    all.push_back(entry);
  };
#define OP(S, ...) add(#S, __FILE__, op_entry_##S());
#include "autograd/ops/ops.def"
#undef OP
  return all;
}

const std::vector<OpEntry>& registry() {
  static const std::vector<OpEntry> all = build();
  return all;
}

std::vector<const OpEntry*> find_ops(std::string_view name) {
  std::vector<const OpEntry*> found;
  for (const OpEntry& e : registry())
    if (e.function == name || e.id == name || e.info->name == name) found.push_back(&e);
  return found;
}

}  // namespace taper
