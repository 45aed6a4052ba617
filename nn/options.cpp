#include "nn/options.h"

#include <fmt/format.h>

#include "autograd/ops/attributes.h"

namespace taper::nn::detail {

std::string option_text(bool value) { return value ? "true" : "false"; }
std::string option_text(int64_t value) { return fmt::format("{}", value); }
std::string option_text(double value) { return fmt::format("{}", value); }
std::string option_text(Int2 value) {
  return value.h == value.w ? option_text(value.h) : fmt::format("[{}, {}]", value.h, value.w);
}
std::string option_text(Reduction value) {
  return value == kNone ? "none" : value == kMean ? "mean" : "sum";
}
std::string option_text(const Tensor& value) {
  return value.defined() ? to_string(value.sizes()) : "none";
}

std::string options_text(std::string_view names, const std::vector<OptionText>& options,
                         size_t unnamed) {
  std::string out;
  std::vector<std::string_view> all = split_names(names);
  for (size_t i = 0; i < options.size(); ++i) {
    if (!options[i].shown) continue;
    if (!out.empty()) out += ", ";
    if (i >= unnamed) out += std::string(all[i]) + "=";
    out += options[i].value;
  }
  return out;
}

}  // namespace taper::nn::detail
