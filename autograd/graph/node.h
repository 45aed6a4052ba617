#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "autograd/graph/hooks.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/tensor.h"

namespace taper {

struct OpInfo;
struct OpType;
struct ModulePath;
struct Attribute;
class BackwardContext;
class Inputs;
class Specs;

/// Where an input of a node came from: an output of another node, or a leaf tensor; neither if it
/// wants no gradient.
struct Edge {
  Ref<Node> node;
  Ref<TensorImpl> leaf;
  uint32_t output_nr = 0;

  explicit operator bool() const { return node || leaf; }
};

/// A value that a gradient rule reads, with the state its memory had.
struct SavedValue {
  /// A leaf itself, and what is neither input nor output. Of all else no tensor is held, which may
  /// be written later and become an output of what follows, a cycle: it is made when it is read.
  Tensor value;
  /// Where the value lies; without storage if it is undefined, of a leaf nothing but the storage.
  TensorData data;
  uint32_t version = 0;  ///< of the memory
  int32_t index = 0;     ///< which input or output of the node it is; -1, -2, ..: neither
  bool is_output = false;

  size_t nbytes() const {
    return value.defined() ? value.impl()->nbytes() : data.storage ? data.nbytes() : 0;
  }
};

/// Shape and type of a node's output: what its gradient must have.
struct OutputMeta {
  Shape sizes;
  Dtype dtype = float32;
};

/// Sees, and may replace, the gradient of a tensor: undefined leaves it as it is.
using TensorHook = Tensor(const Tensor& gradient);
/// Sees, and may change, the gradients of a node's outputs before, or of its inputs after its rule.
using NodeHook = void(const Node& node, tensor_list& gradients);

/// What few nodes have: hooks, and tensors that retain their gradient.
struct NodeExtras {
  struct Retained {
    uint32_t output_nr;
    Ref<LeafState> into;
  };
  std::map<uint32_t, HookList<TensorHook>> tensor_hooks;  ///< of each output
  std::vector<Retained> retained;
  HookList<NodeHook> pre_hooks;
  HookList<NodeHook> post_hooks;
  unsigned next_hook = 0;
};

/// One application of an op on the recorded graph: its attributes, where its inputs came from, and
/// the values its gradient rules read. One block of memory.
class Node : public RefCounted {
 public:
  /// A node with `op` copied in, `edges` inputs, `outputs` outputs and room for `saved` values.
  static Ref<Node> create(const OpType& type, const void* op, size_t edges, size_t outputs,
                          size_t saved);

  const OpType& type() const { return *type_; }
  const void* op() const { return op_; }
  /// The op's name, e.g. "mul".
  std::string_view name() const;
  /// The op's attributes by name, for labels.
  std::vector<Attribute> attributes() const;
  /// The module whose forward made the node, or null.
  const ModulePath* path() const { return path_; }

  size_t inputs() const { return edge_count_; }
  Edge& edge(size_t i) { return edges_[i]; }
  const Edge& edge(size_t i) const { return edges_[i]; }
  size_t outputs() const { return output_count_; }
  OutputMeta& output(size_t i) { return outputs_[i]; }
  const OutputMeta& output(size_t i) const { return outputs_[i]; }
  size_t saved() const { return saved_count_; }
  const SavedValue& saved_value(size_t i) const { return saved_[i]; }

  /// Shape and type of input i, known where it has an edge.
  const Shape& input_shape(size_t i) const {
    const Edge& e = edges_[i];
    TAPER_ASSERT(e);
    return e.node ? e.node->output(e.output_nr).sizes : e.leaf->sizes;
  }
  Dtype input_dtype(size_t i) const {
    const Edge& e = edges_[i];
    TAPER_ASSERT(e);
    return e.node ? e.node->output(e.output_nr).dtype : e.leaf->dtype;
  }

  /// Keeps a value for the rules: input or output `index`, or with -1, -2, .. neither.
  void save(const Tensor& value, int index, bool is_output);
  /// The saved value, while something is recorded with its history; throws if it was overwritten or
  /// already freed.
  Tensor saved_input(int index) const;
  Tensor saved_output(int index) const;
  /// Frees what was saved, after a backward that does not retain the graph.
  void release_saved();

  NodeExtras& extras();
  const NodeExtras* extras_if_any() const { return extras_.get(); }
  /// Runs f on the gradients of the outputs before, or of the inputs after, the node's rule.
  /// Returns a number for remove_hook.
  unsigned register_pre_hook(std::function<NodeHook> f);
  unsigned register_post_hook(std::function<NodeHook> f);
  void remove_hook(unsigned hook);

  uint32_t slot = 0;  ///< the engine's; see engine.cpp

 private:
  friend void destroy(Node*) noexcept;
  Node() = default;
  ~Node();
  const SavedValue& checked(int index, bool is_output) const;
  [[noreturn]] void throw_changed(const SavedValue& s) const;

  const OpType* type_ = nullptr;
  size_t bytes_ = 0;  ///< of the block
  const ModulePath* path_ = nullptr;
  uint32_t edge_count_ = 0, output_count_ = 0, saved_count_ = 0, saved_room_ = 0;
  bool released_ = false;
  Edge* edges_ = nullptr;
  OutputMeta* outputs_ = nullptr;
  SavedValue* saved_ = nullptr;
  void* op_ = nullptr;
  std::unique_ptr<NodeExtras> extras_;
  Node* next_ = nullptr;  ///< in the list of nodes that wait to be destroyed
};

/// What a gradient rule gets: the node and the gradients of its outputs.
class BackwardContext {
 public:
  BackwardContext(Node& node, Tensor* dy, const uint8_t* wanted, Tensor* const* sums, bool last)
      : node_(node), dy_(dy), wanted_(wanted), sums_(sums), last_(last) {}

  const Node& node() const { return node_; }
  /// The gradient of output k; zeros if nothing came in.
  const Tensor& dy(int k) const {
    if (!dy_[k].defined()) put_zeros(k);
    return dy_[k];
  }
  const Tensor& dy_or_undefined(int k) const { return dy_[k]; }
  Tensor input(int i) const { return node_.saved_input(i); }
  Tensor output(int i) const { return node_.saved_output(i); }
  IntList input_shape(int i) const { return node_.input_shape(size_t(i)); }
  Dtype input_dtype(int i) const { return node_.input_dtype(size_t(i)); }
  bool wanted(int i) const { return wanted_[i]; }
  /// The gradient that input i's tensor has so far, undefined if there is none: who takes it
  /// returns its sum with the rule's.
  Tensor take_sum(int i) { return sums_ ? std::exchange(*sums_[i], Tensor()) : Tensor(); }
  /// For the last rule, once it holds what it reads: frees the saved values, unless backward may
  /// run again.
  void release_saved() {
    if (last_) node_.release_saved();
  }

 private:
  void put_zeros(int k) const;

  Node& node_;
  Tensor* dy_;
  const uint8_t* wanted_;
  Tensor* const* sums_;  ///< null where none may be taken
  bool last_;            ///< whether nobody reads the saved values after the rules
};

/// For rules that share work: which inputs want a gradient, and the shapes of inputs beyond a fixed
/// list.
struct Wanted {
  const BackwardContext* context;
  bool operator[](int i) const { return context->wanted(i); }
  int inputs() const { return int(context->node().inputs()); }
  IntList shape(int i) const { return context->input_shape(i); }
};

/// Gradient and hooks of a leaf, or of a tensor that retains its gradient.
struct LeafState : RefCounted {
  Tensor grad;
  bool retains_grad = false;
  unsigned next_hook = 0;
  HookList<TensorHook> hooks;
  HookList<void(const Tensor&)> post_accumulate;
  uint32_t slot = 0;  ///< the engine's
};

/// t's leaf state, made when first asked for.
LeafState& leaf_state(TensorImpl& t);

/// Derives a view's history from its base again, after writes to the base's memory.
void derive_history(TensorImpl& view);

inline void refresh_history(TensorImpl& t) {
  if (t.base && t.generation != t.base->generation) derive_history(t);
}

/// Whether t is a leaf that requires grad or depends on one.
inline bool wants_gradient(TensorImpl& t) {
  refresh_history(t);
  return t.requires_grad || t.grad_fn;
}

/// Where t's gradient goes.
inline Edge gradient_edge(TensorImpl& t) {
  refresh_history(t);
  if (t.grad_fn) return {t.grad_fn, {}, t.output_nr};
  if (t.requires_grad) return {{}, Ref<TensorImpl>(&t), 0};
  return {};
}

}  // namespace taper
