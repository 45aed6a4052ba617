#include "autograd/ops/registry.h"

// Built from the .def lines by name: a line without a struct does not compile, a family left out
// does not link.

namespace taper {

#define OP(S, ...) OpEntry op_entry_##S();
#define OP_INPLACE OP
#define OP_COMPARE OP
#define OP_BINARY OP
#define INPLACE OP
#define FREE OP
#include "autograd/ops/ops.def"
#undef OP
#undef OP_INPLACE
#undef OP_COMPARE
#undef OP_BINARY
#undef INPLACE
#undef FREE

/// "a, IntList dims = {}" of the text "(a, IntList dims OR({}))" of a line's parameters.
static std::string plain_parameters(std::string text) {
  text = text.substr(1, text.size() - 2);
  for (size_t at; (at = text.find("OR(")) != std::string::npos;) {
    size_t end = at + 3;
    for (int depth = 1; depth > 0; ++end) depth += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
    text = text.substr(0, at) + "= " + text.substr(at + 3, end - at - 4) + text.substr(end);
  }
  return text;
}

static std::string called_on_x(const char* function, const char* parameters) {
  std::string rest = plain_parameters(parameters);
  return std::string(function) + "(x" + (rest.empty() ? "" : ", ") + rest + ")";
}

/// "pointwise" of "autograd/ops/pointwise.def", wherever the sources lie.
static std::string stem(std::string_view file) {
  file.remove_prefix(file.rfind('/') + 1);
  return std::string(file.substr(0, file.find('.')));
}

static std::vector<OpEntry> build() {
  std::vector<OpEntry> all;
  auto add = [&](const char* id, std::string_view file, OpEntry entry, std::string signature) {
    entry.id = id;
    entry.family = stem(file);
    entry.signature = std::move(signature);
    all.push_back(std::move(entry));
  };
#define ADD(S, signature) add(#S, __FILE__, op_entry_##S(), signature);
#define OP(S, R, f, params, args) ADD(S, called_on_x(#f, #params))
#define OP_INPLACE(S, R, f, params, args) ADD(S, called_on_x(#f, #params))
#define OP_BINARY(S, f) ADD(S, #f "(a, b)")
#define OP_COMPARE(S, f) ADD(S, #f "(a, b)")
#define INPLACE(S, f, params, args) ADD(S, "x." #f "(" + plain_parameters(#params) + ")")
#define FREE(S, R, f, params, args) ADD(S, #f "(" + plain_parameters(#params) + ")")
#include "autograd/ops/ops.def"
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
