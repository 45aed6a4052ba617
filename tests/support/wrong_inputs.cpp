#include "tests/support/wrong_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper::test {

namespace {

std::vector<Shape> other_shapes(const Tensor& x) {
  Shape more(x.sizes()), larger(x.sizes()), none(x.sizes());
  more.insert(0, 2);
  std::vector<Shape> out{{}, more};
  if (x.dim() > 0) {
    larger.back() += 1;
    none[0] = 0;
    out.insert(out.end(), {larger, none, Shape(x.sizes().slice(1))});
  }
  return out;
}

/// Why an error's text does not read `op: what is wrong; what was expected`, or "".
std::string malformed(std::string_view text) {
  size_t colon = text.find(": ");
  auto in_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  bool named = colon != std::string_view::npos && colon > 0 &&
               std::all_of(text.begin(), text.begin() + std::ptrdiff_t(colon), in_name);
  if (!named || text.ends_with('.')) return fmt::format("unclear error \"{}\"", text);
  return {};
}

}  // namespace

std::vector<WrongInputs> wrong_inputs(const tensor_list& inputs) {
  std::vector<WrongInputs> out;
  auto add = [&](size_t i, std::string what, Tensor replacement) {
    tensor_list changed = inputs;
    changed[i] = std::move(replacement);
    out.push_back({fmt::format("input {} {}", i, what), std::move(changed)});
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& x = inputs[i];
    for (const Shape& sizes : other_shapes(x))
      add(i, fmt::format("of shape {}", sizes), ones(sizes, {.dtype = x.dtype()}));
    for (Dtype d : {boolean, int64, float32, float64})
      if (d != x.dtype()) add(i, fmt::format("as {}", d), ones(x.sizes(), {.dtype = d}));
    for (int64_t value : {-1000, 1000})
      if (x.dtype() == int64) add(i, fmt::format("of {}", value), full(x.sizes(), value));
    add(i, "undefined", Tensor());
  }
  return out;
}

std::string unclear_error(const Sample::Function& f, const tensor_list& inputs) {
  try {
    f(inputs);
    return {};
  } catch (const Error& error) {
    return malformed(error.what());
  } catch (const std::exception& error) {
    return fmt::format("threw no Error but \"{}\"", error.what());
  }
}

}  // namespace taper::test
