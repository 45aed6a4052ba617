#include "nn/optim/adam.h"

#include <unordered_map>

#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper::optim {

template class GroupOptimizer<Adam, AdamOptions>;
template class GroupOptimizer<AdamW, AdamWOptions>;

namespace {

struct State {
  Tensor owner;  ///< kept, so that no other tensor can take its place in memory
  Tensor exp_avg, exp_avg_sq, max_exp_avg_sq;
  int64_t steps = 0;
};

}  // namespace

struct detail::AdamStates {
  std::unordered_map<const TensorImpl*, State> of;
};

namespace {

template <class Options>
void check_options(const char* name, const Options& o) {
  auto [beta1, beta2] = o.betas;
  if (!(o.lr >= 0)) fail(name, "lr is {}; expected 0 or more", o.lr);
  if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1))
    fail(name, "betas are {} and {}; expected 0 or more and below 1", beta1, beta2);
  if (!(o.eps >= 0)) fail(name, "eps is {}; expected 0 or more", o.eps);
  if (!(o.weight_decay >= 0)) fail(name, "weight_decay is {}; expected 0 or more", o.weight_decay);
}

/// What a step takes of a group's parameters.
struct Lists {
  tensor_list params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs;
  std::vector<int64_t> steps;

  void add(const Tensor& p, const Tensor& grad, State& s, bool amsgrad) {
    s.owner = p;
    for (Tensor* t : {&s.exp_avg, &s.exp_avg_sq, &s.max_exp_avg_sq}) detail::follow_type(*t, p);
    if (!s.exp_avg.defined()) {
      s.exp_avg = zeros_like(p);
      s.exp_avg_sq = zeros_like(p);
    }
    if (amsgrad && !s.max_exp_avg_sq.defined()) s.max_exp_avg_sq = zeros_like(p);
    params.push_back(p);
    grads.push_back(grad);
    exp_avgs.push_back(s.exp_avg);
    exp_avg_sqs.push_back(s.exp_avg_sq);
    max_exp_avg_sqs.push_back(amsgrad ? s.max_exp_avg_sq : Tensor());
    steps.push_back(s.steps++);
  }
};

template <class Groups>
void step_all(const Groups& groups, detail::AdamStates& states, bool decoupled) {
  for (const auto& group : groups) {
    const auto& o = group.options;
    Lists l;
    for (const Tensor& p : group.params)
      if (Tensor grad = p.grad(); grad.defined()) l.add(p, grad, states.of[p.impl()], o.amsgrad);
    auto [beta1, beta2] = o.betas;
    adam_steps_(l.params, l.grads, l.exp_avgs, l.exp_avg_sqs, l.max_exp_avg_sqs,
                full({}, o.lr, {.dtype = float64}), tensor(l.steps), beta1, beta2, o.eps,
                o.weight_decay, decoupled);
  }
}

}  // namespace

Adam::Adam(const tensor_list& params, const AdamOptions& options)
    : Adam(std::vector<Group>{Group{params}}, options) {}
Adam::Adam(std::vector<Group> groups, const AdamOptions& options)
    : GroupOptimizer(std::move(groups), options), states_(std::make_unique<detail::AdamStates>()) {}
Adam::~Adam() = default;

void Adam::check(const AdamOptions& o) { check_options(op_name, o); }
void Adam::update() { step_all(groups_, *states_, false); }

AdamW::AdamW(const tensor_list& params, const AdamWOptions& options)
    : AdamW(std::vector<Group>{Group{params}}, options) {}
AdamW::AdamW(std::vector<Group> groups, const AdamWOptions& options)
    : GroupOptimizer(std::move(groups), options), states_(std::make_unique<detail::AdamStates>()) {}
AdamW::~AdamW() = default;

void AdamW::check(const AdamWOptions& o) { check_options(op_name, o); }
void AdamW::update() { step_all(groups_, *states_, true); }

}  // namespace taper::optim
