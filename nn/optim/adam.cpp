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

template <class Options>
void step(const Tensor& p, State& s, const Tensor& lr, const Options& o, bool decoupled) {
  s.owner = p;
  for (Tensor* t : {&s.exp_avg, &s.exp_avg_sq, &s.max_exp_avg_sq}) detail::follow_type(*t, p);
  if (!s.exp_avg.defined()) {
    s.exp_avg = zeros_like(p);
    s.exp_avg_sq = zeros_like(p);
  }
  if (o.amsgrad && !s.max_exp_avg_sq.defined()) s.max_exp_avg_sq = zeros_like(p);
  auto [beta1, beta2] = o.betas;
  Tensor steps = full({}, s.steps++, {.dtype = int64});
  adam_step_(p, p.grad(), s.exp_avg, s.exp_avg_sq, o.amsgrad ? s.max_exp_avg_sq : Tensor(), lr,
             steps, beta1, beta2, o.eps, o.weight_decay, decoupled);
}

template <class Groups>
void step_all(const Groups& groups, detail::AdamStates& states, bool decoupled) {
  for (const auto& group : groups) {
    Tensor lr = full({}, group.options.lr, {.dtype = float64});
    for (const Tensor& p : group.params)
      if (p.grad().defined()) step(p, states.of[p.impl()], lr, group.options, decoupled);
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
