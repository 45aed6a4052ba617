// Tensor's members that deal with the graph.

#include "autograd/graph/engine.h"
#include "autograd/graph/node.h"
#include "autograd/graph/view.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

bool Tensor::requires_grad() const { return wants_gradient(state()); }

const Tensor& Tensor::requires_grad_(bool on) const {
  TensorImpl& x = state();
  if (on && !taper::is_floating_point(x.dtype))
    fail("requires_grad_", "the tensor is {}; expected a floating type", x.dtype);
  if (on && x.inference && !thread_state.inference)
    fail("requires_grad_",
         "an inference tensor cannot require grad outside of inference mode; expected a clone() "
         "of it");
  if (Ref<Node> node = grad_fn()) {
    if (on) return *this;
    fail("requires_grad_", "the tensor is an output of {}; expected a leaf, or detach()",
         node->name());
  }
  if (on) leaf_state(x);
  x.requires_grad = on;
  if (x.origin == ViewOrigin::own) x.base->requires_grad = on;  // so that its views know
  return *this;
}

bool Tensor::is_leaf() const {
  refresh_history(state());
  return !state().grad_fn;
}

Ref<Node> Tensor::grad_fn() const {
  refresh_history(state());
  return state().grad_fn;
}

const Tensor& Tensor::grad() const {
  static const Tensor none;
  return state().leaf ? state().leaf->grad : none;
}

Tensor& Tensor::mutable_grad() const { return leaf_state(state()).grad; }

void Tensor::backward(const Tensor& gradient, std::optional<bool> retain_graph, bool create_graph,
                      TensorList inputs) const {
  state();
  autograd::backward({*this}, {gradient}, {retain_graph, create_graph}, inputs);
}

bool Tensor::is_view() const { return state().base && state().origin != ViewOrigin::own; }

Tensor Tensor::detach() const {
  state();
  return alias(*this);
}

const Tensor& Tensor::detach_() const {
  TensorImpl& x = state();
  if (is_view()) fail("detach_", "the tensor is a view; expected detach()");
  refresh_history(x);
  x.grad_fn = nullptr;
  x.output_nr = 0;
  requires_grad_(false);
  return *this;
}

Tensor Tensor::data() const {
  Tensor t = detach();
  t.impl()->untracked = true;
  t.impl()->storage->hand_out();
  return t;
}

void Tensor::set_data(const Tensor& other) const {
  TensorImpl& x = state();
  if (is_view()) fail("set_data", "the tensor is a view; expected one with memory of its own");
  if (x.requires_grad && !taper::is_floating_point(other.dtype()))
    fail("set_data", "the new values are {}; expected a floating type, the tensor requires grad",
         other.dtype());
  Tensor packed = other.detach().contiguous();  // a tensor without base is packed
  static_cast<TensorData&>(x) = *packed.impl();
  x.base = nullptr;
  x.origin = ViewOrigin::recorded;
}

void Tensor::retain_grad() const {
  Ref<Node> node = grad_fn();
  if (!node) {
    if (!requires_grad())
      fail("retain_grad", "the tensor does not require grad; expected one that does");
    return;
  }
  LeafState& kept = leaf_state(state());
  if (kept.retains_grad) return;
  kept.retains_grad = true;
  node->extras().retained.push_back({state().output_nr, Ref<LeafState>(&kept)});
}

bool Tensor::retains_grad() const { return state().leaf && state().leaf->retains_grad; }

unsigned Tensor::add_hook(std::function<Tensor(const Tensor&)> f) const {
  if (!requires_grad())
    fail("register_hook", "the tensor does not require grad; expected one that does");
  LeafState& own = leaf_state(state());
  auto hook = own.hooks.add(own.next_hook++, std::move(f));
  if (Ref<Node> node = grad_fn()) node->extras().tensor_hooks[state().output_nr].add(hook);
  return hook->id;
}

void Tensor::remove_hook(unsigned hook) const {
  LeafState* own = state().leaf.get();
  if (!own || (!own->hooks.remove(hook) && !own->post_accumulate.remove(hook)))
    fail_index("remove_hook", "there is no hook {}; expected a number that registering returned",
               hook);
}

unsigned Tensor::register_post_accumulate_grad_hook(std::function<void(const Tensor&)> f) const {
  if (!state().requires_grad || !is_leaf())
    fail("register_post_accumulate_grad_hook",
         "the tensor is no leaf that requires grad; expected one");
  LeafState& own = leaf_state(state());
  return own.post_accumulate.add(own.next_hook++, std::move(f))->id;
}

}  // namespace taper
