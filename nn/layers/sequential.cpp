#include "nn/layers/sequential.h"

#include "autograd/tensor/error.h"
#include "nn/module_state.h"

namespace taper::nn {

struct Sequential::State : ModuleState {
  std::shared_ptr<ModuleState> copy() const override { return std::make_shared<State>(*this); }
  std::vector<Stage> stages;
};

Sequential::Sequential() : Layer(std::make_shared<State>()) { state().type = &typeid(Sequential); }

Sequential::State& Sequential::stages() const { return static_cast<State&>(state()); }

size_t Sequential::size() const { return stages().stages.size(); }

void Sequential::add(const std::string& name, std::shared_ptr<Module> layer, Stage stage) {
  add_child("push_back", name, std::move(layer));
  stages().stages.push_back(std::move(stage));
}

Tensor Sequential::forward(const Tensor& x) const {
  if (size() == 0) fail("Sequential", "it has no layers; expected push_back before forward");
  Tensor y = x;
  for (const Stage& stage : stages().stages) y = stage(y);
  return y;
}

}  // namespace taper::nn
