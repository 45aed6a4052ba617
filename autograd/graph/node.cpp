#include "autograd/graph/node.h"

#include <mutex>
#include <new>

#include "autograd/graph/view.h"
#include "autograd/ops/op.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/module_path.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

namespace {

/// Places arrays one behind the other in one block.
class Layout {
 public:
  size_t add(size_t size, size_t align) {
    end_ = (end_ + align - 1) / align * align;
    return std::exchange(end_, end_ + size);
  }
  size_t size() const { return end_; }

 private:
  size_t end_ = sizeof(Node);
};

template <class T>
T* construct(std::byte* block, size_t at, size_t count) {
  T* first = reinterpret_cast<T*>(block + at);
  for (size_t i = 0; i < count; ++i) new (first + i) T();
  return first;
}

}  // namespace

Ref<Node> Node::create(const OpType& type, const void* op, size_t edges, size_t outputs,
                       size_t saved) {
  Layout layout;
  size_t edges_at = layout.add(edges * sizeof(Edge), alignof(Edge));
  size_t outputs_at = layout.add(outputs * sizeof(OutputMeta), alignof(OutputMeta));
  size_t saved_at = layout.add(saved * sizeof(SavedValue), alignof(SavedValue));
  size_t op_at = layout.add(type.size, type.align);
  auto* block = static_cast<std::byte*>(::operator new(layout.size()));
  Node* node = new (block) Node();
  node->type_ = &type;
  node->path_ = thread_state.path;
  node->edges_ = construct<Edge>(block, edges_at, edges);
  node->edge_count_ = uint32_t(edges);
  node->outputs_ = construct<OutputMeta>(block, outputs_at, outputs);
  node->output_count_ = uint32_t(outputs);
  node->saved_ = construct<SavedValue>(block, saved_at, saved);
  node->saved_room_ = uint32_t(saved);
  type.copy(block + op_at, op);
  node->op_ = block + op_at;
  return Ref<Node>(node);
}

Node::~Node() {
  std::destroy_n(edges_, edge_count_);
  std::destroy_n(outputs_, output_count_);
  std::destroy_n(saved_, saved_room_);
  if (op_) type_->destroy(op_);
}

// A node's end may be the end of those before it, a million deep: they queue up instead of nesting.
void destroy(Node* node) noexcept {
  static thread_local Node* waiting = nullptr;
  static thread_local bool draining = false;
  node->next_ = waiting;
  waiting = node;
  if (draining) return;
  draining = true;
  while (waiting) {
    Node* next = std::exchange(waiting, waiting->next_);
    next->~Node();
    ::operator delete(next);
  }
  draining = false;
}

std::string_view Node::name() const { return type_->info->name; }

std::vector<Attribute> Node::attributes() const { return type_->attributes(op_); }

IntList Node::input_shape(size_t i) const {
  const Edge& e = edges_[i];
  TAPER_ASSERT(e);
  return e.node ? IntList(e.node->output(e.output_nr).sizes) : IntList(e.leaf->sizes);
}

Dtype Node::input_dtype(size_t i) const {
  const Edge& e = edges_[i];
  TAPER_ASSERT(e);
  return e.node ? e.node->output(e.output_nr).dtype : e.leaf->dtype;
}

void Node::save(const Tensor& value, int index, bool is_output) {
  TAPER_ASSERT(saved_count_ < saved_room_);
  SavedValue& s = saved_[saved_count_++];
  s.index = index;
  s.is_output = is_output;
  if (!value.defined()) return;
  if (value.is_inference())
    fail(name(),
         "an inference tensor cannot be saved for backward; expected a clone() of it made "
         "outside of inference mode");
  s.value = is_output ? alias(value) : value;
  s.version = value.impl()->storage->version;
}

Tensor Node::unpack(int index, bool is_output) const {
  if (released_)
    fail(name(),
         "its saved values were freed by an earlier backward; expected retain_graph=true "
         "there to run backward twice");
  const SavedValue* s = saved_;
  while (s->index != index || s->is_output != is_output) {
    ++s;
    TAPER_ASSERT(s < saved_ + saved_count_);
  }
  if (!s->value.defined()) return {};
  if (s->value.impl()->storage->version != s->version) throw_overwritten(*s);
  if (!thread_state.grad_enabled) return s->value;
  if (!is_output && uint32_t(index) >= edge_count_) return s->value;  // not differentiable
  if (is_output) {
    Tensor y = alias(s->value);
    y.impl()->grad_fn = Ref<Node>(const_cast<Node*>(this));
    y.impl()->output_nr = uint32_t(index);
    return y;
  }
  if (index < 0 || size_t(index) >= edge_count_) return s->value;
  // The handle may have moved on (detach_, an in-place op on its base); the edge is what was
  // recorded.
  const Edge& e = edges_[index];
  const TensorImpl& now = *s->value.impl();
  if (!e.node || (now.grad_fn == e.node && now.output_nr == e.output_nr)) return s->value;
  Tensor x = alias(s->value);
  x.impl()->grad_fn = e.node;
  x.impl()->output_nr = e.output_nr;
  return x;
}

void Node::throw_overwritten(const SavedValue& s) const {
  const Storage& storage = *s.value.impl()->storage;
  std::string writer = storage.writer ? storage.writer->name : "?";
  if (!writer.ends_with('_')) writer += '_';  // every writer runs in place
  std::string where = storage.writer_path ? " in " + storage.writer_path->full : std::string();
  fail(name(),
       "{} {} of shape {}, saved for backward, was overwritten by {}{}; it is at version {}, "
       "expected "
       "version {}",
       s.index < 0   ? "saved value"
       : s.is_output ? "output"
                     : "input",
       s.index < 0 ? -1 - s.index : s.index, s.value.sizes(), writer, where, storage.version,
       s.version);
}

void Node::release_saved() {
  if (saved_count_ == 0) return;
  for (size_t i = 0; i < saved_count_; ++i) saved_[i].value = Tensor();
  released_ = true;
}

NodeExtras& Node::extras() {
  if (!extras_) extras_ = std::make_unique<NodeExtras>();
  return *extras_;
}

Tensor BackwardContext::dy(int k) const {
  if (dy_[k].defined()) return dy_[k];
  const OutputMeta& meta = node_.output(size_t(k));
  return zeros(meta.sizes, {.dtype = meta.dtype});
}

LeafState& leaf_state(TensorImpl& t) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  if (!t.leaf) t.leaf = Ref<LeafState>(new LeafState);
  return *t.leaf;
}

void destroy(LeafState* state) noexcept { delete state; }

}  // namespace taper
