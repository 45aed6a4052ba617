#include "autograd/tensor/text.h"

#include <fmt/format.h>

namespace taper {

fmt::appender TextFormatter::write(std::string_view text, fmt::format_context& context) const {
  std::string format = "{:" + std::string(spec_) + "}";
  return fmt::vformat_to(context.out(), format, fmt::make_format_args(text));
}

}  // namespace taper
