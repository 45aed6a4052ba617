#include "tests/support/wrong_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "autograd/ops/registry.h"
#include "autograd/tensor/factories.h"
#include "tests/support/compare.h"

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

/// x with other sizes: its first value, if there is a place for it.
Tensor resized(const Tensor& x, const Shape& sizes) {
  Tensor y = empty(sizes, {.dtype = x.dtype()});
  if (y.numel()) y.copy_(x.detach().flatten()[0]);
  return y.requires_grad_(x.requires_grad());
}

/// Sizes with 0 as first or last one, or none at all.
enum class Empty { first, last, no_dimensions };

Tensor emptied(const Tensor& x, Empty how) {
  Shape sizes = x.sizes();
  if (sizes.empty() || (how == Empty::no_dimensions && x.numel() == 0)) return x;
  if (how == Empty::no_dimensions) return resized(x, {});
  (how == Empty::first ? sizes[0] : sizes.back()) = 0;
  return resized(x, sizes);
}

bool is_op(std::string_view name) {
  for (const OpEntry& op : registry())
    if (name == op.info->name) return true;
  return false;
}

}  // namespace

std::vector<OtherInputs> empty_inputs(const tensor_list& inputs) {
  std::vector<OtherInputs> out;
  for (auto [how, text] : {std::pair(Empty::first, "first size 0"),
                           {Empty::last, "last size 0"},
                           {Empty::no_dimensions, "0-dim"}}) {
    tensor_list all;
    for (const Tensor& x : inputs) all.push_back(emptied(x, how));
    out.push_back({fmt::format("all {}", text), all});
    for (size_t i = 0; inputs.size() > 1 && i < inputs.size(); ++i) {
      tensor_list one = inputs;
      one[i] = all[i];
      out.push_back({fmt::format("input {} {}", i, text), one});
    }
  }
  return out;
}

std::vector<OtherInputs> wrong_inputs(const tensor_list& inputs) {
  std::vector<OtherInputs> out;
  auto add = [&](size_t i, std::string what, Tensor replacement) {
    tensor_list changed = inputs;
    changed[i] = std::move(replacement);
    out.push_back({fmt::format("input {} {}", i, what), std::move(changed)});
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& x = inputs[i];
    for (const Shape& sizes : other_shapes(x))
      add(i, fmt::format("of shape {}", sizes), ones(sizes, {.dtype = x.dtype()}));
    for (Dtype d : {boolean, int64, float32, float64}) {
      if (d == x.dtype()) continue;
      add(i, fmt::format("as {}", d), ones(x.sizes(), {.dtype = d}));
      out.back().promoted = inputs;
      out.back().promoted[i] = ones(x.sizes(), {.dtype = promote_types(d, x.dtype())});
    }
    for (int64_t value : {-1000, 1000})
      if (x.dtype() == int64) add(i, fmt::format("of {}", value), full(x.sizes(), value));
    add(i, "undefined", Tensor());
  }
  return out;
}

std::string malformed(std::string_view text) {
  if (text == "tensor: undefined; expected a tensor with values") return {};
  size_t colon = std::min(text.find(": "), text.size());
  std::string_view rest = text.substr(std::min(colon + 2, text.size()));
  const char* wrong = nullptr;
  if (!is_op(text.substr(0, colon)))
    wrong = "names no op";
  else if (rest.empty() || std::isupper(static_cast<unsigned char>(rest[0])) || text.ends_with('.'))
    wrong = "is written as a sentence";
  else if (rest.find("; expected ") == rest.npos && rest.find(" expects ") == rest.npos)
    wrong = "does not say what was expected";
  return wrong ? fmt::format("the error \"{}\" {}", text, wrong) : "";
}

/// The outputs in the types of others.
static tensor_list in_types_of(const tensor_list& like, tensor_list outputs) {
  for (size_t k = 0; k < std::min(outputs.size(), like.size()); ++k)
    if (like[k].defined() && outputs[k].defined()) outputs[k] = outputs[k].to(like[k].dtype());
  return outputs;
}

std::string wrong_answer(const Sample::Function& f, const OtherInputs& other) {
  constexpr double single = 3e-5;
  try {
    tensor_list got = f(other.inputs);
    if (other.promoted.empty()) return {};
    return difference(got, in_types_of(got, f(other.promoted)), single);
  } catch (const Error& error) {
    return malformed(error.what());
  } catch (const std::exception& error) {
    return fmt::format("threw no Error but \"{}\"", error.what());
  }
}

}  // namespace taper::test
