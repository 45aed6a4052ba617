#include "nn/optim/sgd.h"

#include <unordered_map>

#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper::optim {

template class GroupOptimizer<SGD, SGDOptions>;

namespace {

struct State {
  Tensor owner;  ///< kept, so that no other tensor can take its place in memory
  Tensor momentum;
  int64_t steps = 0;
};

}  // namespace

struct SGD::States {
  std::unordered_map<const TensorImpl*, State> of;
};

SGD::SGD(const tensor_list& params, const SGDOptions& options)
    : SGD(std::vector<Group>{Group(params)}, options) {}

SGD::SGD(std::vector<Group> groups, const SGDOptions& options)
    : GroupOptimizer(std::move(groups), options), states_(std::make_unique<States>()) {}

SGD::~SGD() = default;

void SGD::check(const SGDOptions& o) {
  if (!(o.lr >= 0)) fail(op_name, "lr is {}; expected 0 or more", *o.lr);
  if (!(o.momentum >= 0)) fail(op_name, "momentum is {}; expected 0 or more", o.momentum);
  if (!(o.weight_decay >= 0))
    fail(op_name, "weight_decay is {}; expected 0 or more", o.weight_decay);
  if (o.nesterov && (!(o.momentum > 0) || o.dampening != 0))
    fail(op_name,
         "nesterov with momentum {} and dampening {}; expected momentum above 0 and dampening 0",
         o.momentum, o.dampening);
}

void SGD::update() {
  for (const Group& group : groups_) {
    const SGDOptions& o = group.options;
    tensor_list params, grads, buffers;
    std::vector<int64_t> steps;
    for (const Tensor& p : group.params) {
      Tensor grad = p.grad();
      if (!grad.defined()) continue;
      State& state = states_->of[p.impl()];
      state.owner = p;
      detail::follow_type(state.momentum, p);
      if (o.momentum != 0 && !state.momentum.defined()) {
        state.momentum = zeros_like(p);
        state.steps = 0;
      }
      params.push_back(p);
      grads.push_back(std::move(grad));
      buffers.push_back(o.momentum != 0 ? state.momentum : Tensor());
      steps.push_back(state.steps++);
    }
    sgd_steps_(params, grads, buffers, full({}, *o.lr, {.dtype = float64}), tensor(steps),
               o.momentum, o.dampening, o.weight_decay, o.nesterov);
  }
}

}  // namespace taper::optim
