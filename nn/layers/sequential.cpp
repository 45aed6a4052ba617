#include "nn/layers/sequential.h"

#include "autograd/tensor/error.h"
#include "nn/module_state.h"

namespace taper::nn {

template class Layer<Sequential>;

Sequential::Sequential() { state().runs_children = true; }

size_t Sequential::size() const { return state().children.size(); }

std::string Sequential::next_name() const {
  size_t number = size();  // a free one: layers may have been taken out
  while (named_children().contains(std::to_string(number))) ++number;
  return std::to_string(number);
}

Tensor Sequential::forward(Tensor x) const {
  if (size() == 0) fail("Sequential", "it has no layers; expected push_back before forward");
  for (const auto& [name, layer, run] : state().children) x = run(*layer, std::move(x));
  return x;
}

}  // namespace taper::nn
