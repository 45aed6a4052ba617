// Tensor's members that deal with the graph.

#include "autograd/graph/engine.h"
#include "autograd/graph/node.h"
#include "autograd/graph/view.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

bool Tensor::requires_grad() const { return bool(gradient_edge(state())); }

const Tensor& Tensor::requires_grad_(bool on) const {
  TensorImpl& x = state();
  if (on && !taper::is_floating_point(x.dtype))
    fail("requires_grad_", "the tensor is {}; expected a floating type", x.dtype);
  if (!on && grad_fn())
    fail("requires_grad_", "the tensor is an output of {}; expected a leaf, or detach()",
         grad_fn()->name());
  if (on && x.inference && !thread_state.inference)
    fail("requires_grad_", "an inference tensor cannot require grad outside of inference mode");
  if (grad_fn()) return *this;
  if (on) leaf_state(x);
  x.requires_grad = on;
  return *this;
}

bool Tensor::is_leaf() const { return !grad_fn(); }

Ref<Node> Tensor::grad_fn() const { return gradient_edge(state()).node; }

const Tensor& Tensor::grad() const {
  static const Tensor none;
  return state().leaf ? state().leaf->grad : none;
}

Tensor& Tensor::mutable_grad() const { return leaf_state(state()).grad; }

void Tensor::backward(const Tensor& gradient, bool retain_graph, bool create_graph,
                      TensorList inputs) const {
  autograd::backward({*this}, {gradient}, {retain_graph, create_graph}, inputs);
}

Tensor Tensor::detach() const {
  TensorImpl& x = state();
  if (!x.base) return alias(*this);
  Tensor base = alias(Tensor(x.base));
  return view_of(base, x.sizes, x.strides, x.offset);
}

const Tensor& Tensor::detach_() const {
  TensorImpl& x = state();
  if (x.base) fail("detach_", "the tensor is a view; expected detach()");
  x.grad_fn = nullptr;
  x.output_nr = 0;
  x.requires_grad = false;
  return *this;
}

Tensor Tensor::data() const {
  Tensor t = detach();
  t.impl()->untracked = true;
  return t;
}

void Tensor::set_data(const Tensor& other) const {
  TensorImpl& x = state();
  const TensorImpl& y = other.state();
  if (x.base) fail("set_data", "the tensor is a view; expected one with memory of its own");
  if (x.requires_grad && !taper::is_floating_point(y.dtype))
    fail("set_data", "the new values are {}; expected a floating type, the tensor requires grad",
         y.dtype);
  x.storage = y.storage;
  x.sizes = y.sizes;
  x.strides = y.strides;
  x.offset = y.offset;
  x.numel = y.numel;
  x.dtype = y.dtype;
  x.contiguous = y.contiguous;
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
  auto run = std::make_shared<std::function<Tensor(const Tensor&)>>(std::move(f));
  if (Ref<Node> node = grad_fn()) node->extras().tensor_hooks.push_back({state().output_nr, run});
  own.hooks.push_back({own.next_id, std::move(run)});
  return own.next_id++;
}

void Tensor::remove_hook(unsigned hook) const {
  if (LeafState* own = state().leaf.get())
    for (size_t i = 0; i < own->hooks.size(); ++i)
      if (own->hooks[i].id == hook) {
        *own->hooks[i].run = nullptr;  // the node may hold it too
        own->hooks.erase(own->hooks.begin() + std::ptrdiff_t(i));
        return;
      }
  fail_index("remove_hook", "there is no hook {}", hook);
}

unsigned Tensor::register_post_accumulate_grad_hook(std::function<void(const Tensor&)> f) const {
  if (!state().requires_grad || !is_leaf())
    fail("register_post_accumulate_grad_hook",
         "the tensor is no leaf that requires grad; expected one");
  auto& hooks = leaf_state(state()).post_accumulate;
  hooks.push_back(std::move(f));
  return unsigned(hooks.size() - 1);
}

}  // namespace taper
