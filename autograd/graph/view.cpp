#include "autograd/graph/view.h"

#include "autograd/ops/strided.h"

namespace taper {

static Ref<TensorImpl> same_memory(const TensorImpl& x) {
  Ref<TensorImpl> y(new TensorImpl);
  y->storage = x.storage;
  y->sizes = x.sizes;
  y->strides = x.strides;
  y->offset = x.offset;
  y->numel = x.numel;
  y->dtype = x.dtype;
  y->contiguous = x.contiguous;
  y->untracked = x.untracked;
  y->inference = x.inference;
  return y;
}

Tensor alias(const Tensor& t) { return Tensor(same_memory(*t.impl())); }

Tensor view_of(const Tensor& t, const Shape& sizes, const Shape& strides, int64_t offset) {
  TensorImpl& x = *t.impl();
  Ref<TensorImpl> y(new TensorImpl);
  y->storage = x.storage;
  y->sizes = sizes;
  y->strides = strides;
  y->offset = offset;
  y->numel = numel(sizes);
  y->dtype = x.dtype;
  y->contiguous = is_contiguous(sizes, strides);
  y->untracked = x.untracked;
  y->inference = x.inference;
  y->base = x.base ? x.base : Ref<TensorImpl>(&x);
  y->generation = y->base->generation;
  return Tensor(std::move(y));
}

static ops::AsStrided strided_in(const TensorImpl& view) {
  ops::AsStrided op;
  op.sizes = view.sizes;
  op.strides = view.strides;
  op.offset = view.offset - view.base->offset;
  return op;
}

Edge gradient_edge(TensorImpl& t) {
  if (t.base && t.generation != t.base->generation) {
    ops::AsStrided op = strided_in(t);
    Edge base = gradient_edge(*t.base);
    t.generation = t.base->generation;
    if (base) {
      t.grad_fn = Node::create(op_type<ops::AsStrided>, &op, 1, 1, 0);
      t.grad_fn->edge(0) = std::move(base);
      t.grad_fn->output(0) = {t.sizes, t.dtype};
      t.output_nr = 0;
    }
  }
  if (t.grad_fn) return {t.grad_fn, {}, t.output_nr};
  if (t.requires_grad) return {{}, Ref<TensorImpl>(&t), 0};
  return {};
}

void set_history(TensorImpl& t, const Ref<Node>& node, uint32_t output_nr) {
  if (t.leaf && t.leaf->retains_grad) {
    if (t.grad_fn)
      std::erase_if(t.grad_fn->extras().retained, [&](auto& kept) { return kept.into == t.leaf; });
    node->extras().retained.push_back({output_nr, t.leaf});
  }
  t.grad_fn = node;
  t.output_nr = output_nr;
}

void rebase(TensorImpl& view, const Edge& base_before) {
  TensorImpl& base = *view.base;
  ops::AsStrided geometry = strided_in(view);
  ops::PutStrided op;
  op.sizes = geometry.sizes;
  op.strides = geometry.strides;
  op.offset = geometry.offset;
  Ref<Node> node = Node::create(op_type<ops::PutStrided>, &op, 2, 1, 0);
  node->edge(0) = base_before;
  node->edge(1) = {view.grad_fn, {}, view.output_nr};
  node->output(0) = {base.sizes, base.dtype};
  set_history(base, node, 0);
  view.generation = ++base.generation;
}

}  // namespace taper
