#include "autograd/graph/node.h"

#include <fmt/format.h>

#include <mutex>
#include <new>

#include "autograd/graph/view.h"
#include "autograd/ops/op.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/memory_tracking.h"
#include "autograd/tensor/module_path.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

namespace {

constexpr size_t rounded_up(size_t bytes) {
  constexpr size_t align = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  return (bytes + align - 1) / align * align;
}

/// Default-made T's at `place`, which moves behind them.
template <class T>
T* construct(std::byte*& place, size_t count) {
  static_assert(alignof(T) <= alignof(void*) && sizeof(T) % alignof(void*) == 0);
  T* first = reinterpret_cast<T*>(place);
  for (size_t i = 0; i < count; ++i) new (first + i) T();
  place += count * sizeof(T);
  return first;
}

}  // namespace

static Tensor with_history(Tensor t, Ref<Node> node, uint32_t output_nr) {
  t.impl()->grad_fn = std::move(node);
  t.impl()->output_nr = output_nr;
  return t;
}

Ref<Node> Node::create(const OpType& type, const void* op, size_t edges, size_t outputs,
                       size_t saved) {
  constexpr size_t op_at = rounded_up(sizeof(Node));  // all else lies behind it
  size_t lists_at = op_at + rounded_up(type.size);
  size_t bytes =
      lists_at + edges * sizeof(Edge) + outputs * sizeof(OutputMeta) + saved * sizeof(SavedValue);
  auto* block = static_cast<std::byte*>(memory::allocate(bytes));
  try {
    type.copy(block + op_at, op);
  } catch (...) {
    memory::release(block, bytes);
    throw;
  }
  Node* node = new (block) Node();
  std::byte* place = block + lists_at;
  node->type_ = &type;
  node->bytes_ = bytes;
  node->path_ = thread_state.path;
  node->edges_ = construct<Edge>(place, edges);
  node->edge_count_ = uint32_t(edges);
  node->outputs_ = construct<OutputMeta>(place, outputs);
  node->output_count_ = uint32_t(outputs);
  node->saved_ = construct<SavedValue>(place, saved);
  node->saved_room_ = uint32_t(saved);
  node->op_ = block + op_at;
  return Ref<Node>::first(node);
}

/// Tells the statistics that so many more saved values hold the storage.
static inline void note_saves(Storage* storage, int64_t saves) {
  if (storage && storage->booking) [[unlikely]]
    memory::book_saves(*storage, saves);
}

Node::~Node() {
  std::destroy_n(edges_, edge_count_);
  std::destroy_n(outputs_, output_count_);
  for (SavedValue *s = saved_, *end = s + saved_room_; s != end; ++s) {
    note_saves(s->data.storage.get(), -1);
    s->~SavedValue();
  }
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

void Node::save(const Tensor& value, int index, bool is_output) {
  TAPER_ASSERT(saved_count_ < saved_room_);
  SavedValue& s = saved_[saved_count_++];
  s.index = index;
  s.is_output = is_output;
  if (!value.defined()) return;
  TensorImpl& x = *value.impl();
  if (x.inference)
    fail(name(),
         "an inference tensor cannot be saved for backward; expected a clone() of it made "
         "outside of inference mode");
  Storage* storage = x.storage.get();
  s.version = storage->version;
  note_saves(storage, 1);
  bool is_input = !is_output && index >= 0 && size_t(index) < edge_count_;
  if (is_input && edges_[index].leaf) {
    s.value = value;
    s.data.storage = x.storage;
    return;
  }
  s.data = x;
  if (is_output || is_input) return;
  if (Edge edge = gradient_edge(x); edge.leaf)
    s.value = value;
  else
    s.value = with_history(alias(value), edge.node, edge.output_nr);
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
  if (const Ref<Storage>& storage = s->data.storage; storage) {
    bool replaced = s->value.defined() && s->value.impl()->storage != storage;
    if (replaced || storage->version != s->version) throw_changed(*s);
  }
  return *s;
}

Tensor Node::saved_input(int index) const {
  const SavedValue& s = checked(index, false);
  if (s.value.defined() || !s.data.storage) return s.value;
  Tensor x = tensor_of(s.data);
  if (!thread_state.recording() || size_t(index) >= edge_count_) return x;
  return with_history(std::move(x), edges_[index].node, edges_[index].output_nr);
}

Tensor Node::saved_output(int index) const {
  const SavedValue& s = checked(index, true);
  if (!s.data.storage) return {};
  Tensor y = tensor_of(s.data);
  if (!thread_state.recording()) return y;
  return with_history(std::move(y), Ref<Node>(const_cast<Node*>(this)), uint32_t(index));
}

void Node::throw_changed(const SavedValue& s) const {
  const Storage& storage = *s.data.storage;
  std::string what = fmt::format("{} {} of shape {}, saved for backward,",
                                 s.index < 0   ? "saved value"
                                 : s.is_output ? "output"
                                               : "input",
                                 s.index < 0 ? -1 - s.index : s.index,
                                 s.value.defined() ? s.value.sizes() : IntList(s.data.sizes));
  if (s.value.defined() && s.value.impl()->storage.get() != &storage)
    fail(name(), "{} was replaced by set_data; expected the tensor that was saved", what);
  const OpInfo* op = storage.writer;
  const ModulePath* path = storage.writer_path;
  fail(name(), "{} was overwritten by {}{}; it is at version {}, expected version {}", what,
       op ? in_place_name(*op) : "?", path ? " in " + path->full : "", uint32_t(storage.version),
       s.version);
}

void Node::release_saved() {
  if (released_ || saved_count_ == 0) return;
  for (size_t i = 0; i < saved_count_; ++i) {
    saved_[i].value = Tensor();
    note_saves(saved_[i].data.storage.get(), -1);
    saved_[i].data.storage = nullptr;
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

void BackwardContext::put_zeros(int k) const {
  const OutputMeta& meta = node_.output(size_t(k));
  dy_[k] = zeros(meta.sizes, {.dtype = meta.dtype});
}

LeafState& leaf_state(TensorImpl& t) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  if (!t.leaf) t.leaf = Ref<LeafState>(new LeafState);
  return *t.leaf;
}

void destroy(LeafState* state) noexcept { delete state; }

}  // namespace taper
