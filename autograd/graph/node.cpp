#include "autograd/graph/node.h"

#include <fmt/format.h>

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
  auto* block = static_cast<std::byte*>(memory::allocate(layout.size()));
  try {
    type.copy(block + op_at, op);
  } catch (...) {
    memory::release(block, layout.size());
    throw;
  }
  Node* node = new (block) Node();
  node->type_ = &type;
  node->bytes_ = layout.size();
  node->path_ = thread_state.path;
  node->edges_ = construct<Edge>(block, edges_at, edges);
  node->edge_count_ = uint32_t(edges);
  node->outputs_ = construct<OutputMeta>(block, outputs_at, outputs);
  node->output_count_ = uint32_t(outputs);
  node->saved_ = construct<SavedValue>(block, saved_at, saved);
  node->saved_room_ = uint32_t(saved);
  node->op_ = block + op_at;
  return Ref<Node>(node);
}

Node::~Node() {
  std::destroy_n(edges_, edge_count_);
  std::destroy_n(outputs_, output_count_);
  std::destroy_n(saved_, saved_room_);
  type_->destroy(op_);
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
    size_t bytes = next->bytes_;
    next->~Node();
    memory::release(next, bytes);
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

void Node::save(Tensor value, int index, bool is_output) {
  TAPER_ASSERT(saved_count_ < saved_room_);
  SavedValue& s = saved_[saved_count_++];
  s.index = index;
  s.is_output = is_output;
  if (!value.defined()) return;
  const TensorImpl& x = *value.impl();
  if (x.inference)
    fail(name(),
         "an inference tensor cannot be saved for backward; expected a clone() of it made "
         "outside of inference mode");
  s.version = x.storage->version;
  bool is_input = !is_output && index >= 0 && size_t(index) < edge_count_;
  Edge other;  // an output has none
  if (!is_input && !is_output) other = gradient_edge(*value.impl());
  const Edge& edge = is_input ? edges_[index] : other;
  bool alone = x.use_count() == 1;  // nobody can write to it
  if (!edge.leaf && !alone && is_floating_point(x.dtype))
    value = alias(value);
  else
    s.storage = x.storage;
  if (edge.node) {
    value.impl()->grad_fn = edge.node;
    value.impl()->output_nr = edge.output_nr;
  }
  s.value = std::move(value);
}

const SavedValue& Node::checked(int index, bool is_output) const {
  if (released_)
    fail(name(),
         "its saved values were freed by an earlier backward; expected retain_graph=true "
         "there to run backward twice");
  const SavedValue* s = saved_;
  while (s->index != index || s->is_output != is_output) {
    ++s;
    TAPER_ASSERT(s < saved_ + saved_count_);
  }
  if (!s->value.defined()) return *s;
  const Ref<Storage>& storage = s->value.impl()->storage;
  if ((s->storage && s->storage != storage) || storage->version != s->version) throw_changed(*s);
  return *s;
}

Tensor Node::saved_output(int index) const {
  const Tensor& value = checked(index, true).value;
  if (!value.defined() || !thread_state.recording()) return value;
  Tensor y = alias(value);
  y.impl()->grad_fn = Ref<Node>(const_cast<Node*>(this));
  y.impl()->output_nr = uint32_t(index);
  return y;
}

void Node::throw_changed(const SavedValue& s) const {
  const Storage& storage = *s.value.impl()->storage;
  std::string what = fmt::format("{} {} of shape {}, saved for backward,",
                                 s.index < 0   ? "saved value"
                                 : s.is_output ? "output"
                                               : "input",
                                 s.index < 0 ? -1 - s.index : s.index, s.value.sizes());
  if (s.storage && s.storage.get() != &storage)
    fail(name(), "{} was replaced by set_data; expected the tensor that was saved", what);
  const OpInfo* op = storage.writer;
  const ModulePath* path = storage.writer_path;
  fail(name(), "{} was overwritten by {}{}; it is at version {}, expected version {}", what,
       op ? in_place_name(*op) : "?", path ? " in " + path->full : "", uint32_t(storage.version),
       s.version);
}

void Node::release_saved() {
  if (saved_count_ == 0) return;
  for (size_t i = 0; i < saved_count_; ++i) {
    saved_[i].value = Tensor();
    saved_[i].storage = nullptr;
  }
  released_ = true;
}

unsigned Node::register_pre_hook(std::function<NodeHook> f) {
  return extras().pre_hooks.add(extras().next_hook++, std::move(f))->id;
}

unsigned Node::register_post_hook(std::function<NodeHook> f) {
  return extras().post_hooks.add(extras().next_hook++, std::move(f))->id;
}

void Node::remove_hook(unsigned hook) {
  if (!extras().pre_hooks.remove(hook) && !extras().post_hooks.remove(hook))
    fail_index("remove_hook", "there is no hook {}; expected a number that registering returned",
               hook);
}

NodeExtras& Node::extras() {
  if (!extras_) extras_ = std::make_unique<NodeExtras>();
  return *extras_;
}

const Tensor& BackwardContext::dy(int k) const {
  const OutputMeta& meta = node_.output(size_t(k));
  if (!dy_[k].defined()) dy_[k] = zeros(meta.sizes, {.dtype = meta.dtype});
  return dy_[k];
}

LeafState& leaf_state(TensorImpl& t) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  if (!t.leaf) t.leaf = Ref<LeafState>(new LeafState);
  return *t.leaf;
}

void destroy(LeafState* state) noexcept { delete state; }

}  // namespace taper
