#include "autograd/graph/view.h"

#include <mutex>

#include "autograd/ops/strided.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

Tensor tensor_of(const TensorData& data) {
  auto y = Ref<TensorImpl>::first(new TensorImpl(data));
  if (!y->contiguous) add_packed_base(*y);
  return Tensor(std::move(y));
}

Tensor alias(const Tensor& t) {
  Tensor y = tensor_of(*t.impl());
  y.impl()->untracked = t.impl()->untracked;
  y.impl()->inference = t.impl()->inference;
  return y;
}

Tensor view_of(const Tensor& t, const Shape& sizes, const Shape& strides, int64_t offset) {
  TensorImpl& x = *t.impl();
  auto y = Ref<TensorImpl>::first(new TensorImpl);
  y->storage = x.storage;
  y->offset = offset;
  y->dtype = x.dtype;
  y->set_strided(sizes, strides);
  y->untracked = x.untracked;
  y->inference = x.inference;
  y->base = x.base ? x.base : Ref<TensorImpl>(&x);
  y->generation.store(y->base->generation, std::memory_order_relaxed);
  if (x.origin == ViewOrigin::no_grad || x.origin == ViewOrigin::function)
    y->origin = x.origin;
  else if (!thread_state.recording())
    y->origin = ViewOrigin::no_grad;
  return Tensor(std::move(y));
}

void add_packed_base(TensorImpl& x) {
  auto base = Ref<TensorImpl>::first(new TensorImpl);
  base->storage = x.storage;
  base->dtype = x.dtype;
  base->set_packed(int64_t(x.storage->bytes / info(x.dtype).size), "view");
  base->inference = x.inference;
  x.base = std::move(base);
  x.origin = ViewOrigin::own;
}

static ops::AsStrided strided_in(const TensorImpl& view) {
  TAPER_ASSERT(view.base->contiguous);
  ops::AsStrided op;
  op.sizes = view.sizes;
  op.strides = view.strides;
  op.offset = view.offset - view.base->offset;
  return op;
}

/// Makes node, if there is one, t's history; a gradient that t retains is from now on that of what
/// it has become.
static void set_history(TensorImpl& t, Ref<Node> node, uint32_t output_nr) {
  if (t.leaf && t.leaf->retains_grad) {
    if (t.grad_fn)
      std::erase_if(t.grad_fn->extras().retained, [&](auto& kept) { return kept.into == t.leaf; });
    if (node) node->extras().retained.push_back({output_nr, t.leaf});
  }
  t.grad_fn = std::move(node);
  t.output_nr = output_nr;
}

/// The name of the custom function that a view comes from.
static std::string_view function_behind(const TensorImpl& view) {
  const Node* node = view.grad_fn.get();
  while (node->type().infer && node->edge(0).node) node = node->edge(0).node.get();
  return node->name();
}

void derive_history(TensorImpl& view) {
  static std::mutex mutexes[64];
  std::lock_guard lock(mutexes[(reinterpret_cast<uintptr_t>(&view) >> 6) % 64]);
  uint32_t now = view.base->generation;
  if (view.generation == now) return;
  if (view.origin == ViewOrigin::function && view.grad_fn)
    fail(function_behind(view),
         "its output is a view whose base was written since; expected forward to return a clone()");
  if (view.storage != view.base->storage) {  // set_data moved the base away
  } else if (Edge base = gradient_edge(*view.base)) {
    ops::AsStrided op = strided_in(view);
    Ref<Node> node = Node::create(op_type<ops::AsStrided>, &op, 1, 1, 0);
    node->edge(0) = std::move(base);
    node->output(0) = {view.sizes, view.dtype};
    set_history(view, std::move(node), 0);
  } else {
    set_history(view, nullptr, 0);
  }
  view.generation = now;
}

std::string in_place_name(const OpInfo& op) {
  std::string name = op.name;
  return name.ends_with('_') ? name : name + '_';
}

/// Why x may not be written in place; null if it may.
static const char* obstacle(const TensorImpl& x, bool recorded) {
  if (x.inference && !thread_state.inference)
    return "an inference tensor outside of inference mode; expected a clone() of it";
  if (!thread_state.recording() || !is_floating_point(x.dtype)) return nullptr;
  if (x.requires_grad) return "a leaf that requires grad; expected NoGradGuard or another tensor";
  if (x.base && x.base->requires_grad)
    return "a view of a leaf that requires grad; expected NoGradGuard or another tensor";
  if (x.origin == ViewOrigin::no_grad && (recorded || wants_gradient(*x.base)))
    return "a view made under NoGradGuard; expected a view made while recording";
  return nullptr;
}

void check_writable(const OpType& type, const TensorImpl& x, bool recorded) {
  auto name = [&] { return type.infer ? in_place_name(*type.info) : type.info->name; };
  for (size_t d = 0; d < x.sizes.size(); ++d)
    if (x.strides[d] == 0 && x.sizes[d] > 1)
      fail(name(),
           "cannot write to an expanded tensor of shape {}, several elements share memory; "
           "expected a clone() of it",
           x.sizes);
  if (const char* what = obstacle(x, recorded)) fail(name(), "cannot write to {}", what);
}

void note_write(TensorImpl& x, const OpInfo& op) {
  if (!x.untracked) x.storage->count_write(op, thread_state.path);
}

/// Gives the base of a view that was written a history in which the view's part is replaced.
static void rebase(TensorImpl& view, const Edge& base_before) {
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
  set_history(base, std::move(node), 0);
  view.generation = ++base.generation;
}

void join_history(TensorImpl& t, Ref<Node> node, uint32_t output_nr, bool written) {
  if (!written) return set_history(t, std::move(node), output_nr);
  Edge base = t.base ? gradient_edge(*t.base) : Edge();
  set_history(t, std::move(node), output_nr);
  if (!t.base) return void(++t.generation);
  if (t.origin == ViewOrigin::function) t.origin = ViewOrigin::recorded;  // it has its own history
  rebase(t, base);
}

}  // namespace taper
