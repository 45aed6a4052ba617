#include "autograd/tensor/error.h"

#include "autograd/tensor/module_path.h"

namespace taper::detail {

static std::string text_of(std::string_view op, fmt::string_view text, fmt::format_args args) {
  std::string out(op);
  out += ": ";
  out += fmt::vformat(text, args);
  if (const ModulePath* path = current_module_path(); path && !path->full.empty())
    out += "; in " + path->full;
  return out;
}

void throw_error(std::string_view op, fmt::string_view text, fmt::format_args args) {
  throw Error(text_of(op, text, args));
}

void throw_index_error(std::string_view op, fmt::string_view text, fmt::format_args args) {
  throw IndexError(text_of(op, text, args));
}

void assertion_failed(const char* condition, const char* file, int line) {
  throw std::logic_error(
      fmt::format("internal error: {} does not hold at {}:{}", condition, file, line));
}

}  // namespace taper::detail
