#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
  Tensor value;  ///< an output is held as an alias without its node, which would be a cycle
  uint32_t version = 0;
  int32_t index = 0;  ///< which input or output of the node it is; -1, -2, ..: neither
  bool is_output = false;
};

/// Shape and type of a node's output: what its gradient must have.
struct OutputMeta {
  Shape sizes;
  Dtype dtype = float32;
};

using NodeHook = std::function<void(const Node& node, tensor_list& gradients)>;

/// What few nodes have: hooks, and the place in the source that made them.
struct NodeExtras {
  struct TensorHook {
    uint32_t output_nr;
    std::shared_ptr<std::function<Tensor(const Tensor&)>> run;  ///< empty once removed
  };
  struct Retained {
    uint32_t output_nr;
    Ref<LeafState> into;
  };
  std::vector<TensorHook> tensor_hooks;
  std::vector<Retained> retained;
  std::vector<NodeHook> pre_hooks;
  std::vector<NodeHook> post_hooks;
  std::string trace;
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
  std::vector<Attribute> attributes() const;
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
  IntList input_shape(size_t i) const;
  Dtype input_dtype(size_t i) const;

  void save(const Tensor& value, int index, bool is_output);
  /// The saved value with its history; throws if it was overwritten or already freed.
  Tensor unpack(int index, bool is_output) const;
  /// Frees what was saved, after a backward that does not retain the graph.
  void release_saved();

  NodeExtras& extras();
  const NodeExtras* extras_if_any() const { return extras_.get(); }
  /// Runs f on the gradients of the outputs before, or of the inputs after, the node's rule.
  void register_pre_hook(NodeHook f) { extras().pre_hooks.push_back(std::move(f)); }
  void register_post_hook(NodeHook f) { extras().post_hooks.push_back(std::move(f)); }

  uint32_t slot = 0;  ///< the engine's; see engine.cpp

 private:
  friend void destroy(Node*) noexcept;
  Node() = default;
  ~Node();
  [[noreturn]] void throw_overwritten(const SavedValue& s) const;

  const OpType* type_ = nullptr;
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
  BackwardContext(Node& node, const Tensor* dy, const bool* wanted)
      : node_(node), dy_(dy), wanted_(wanted) {}

  const Node& node() const { return node_; }
  /// The gradient of output k; zeros if nothing came in.
  Tensor dy(int k) const;
  const Tensor& dy_or_undefined(int k) const { return dy_[k]; }
  Tensor input(int i) const { return node_.unpack(i, false); }
  Tensor output(int i) const { return node_.unpack(i, true); }
  IntList input_shape(int i) const { return node_.input_shape(size_t(i)); }
  Dtype input_dtype(int i) const { return node_.input_dtype(size_t(i)); }
  bool wanted(int i) const { return wanted_[i]; }

 private:
  Node& node_;
  const Tensor* dy_;
  const bool* wanted_;
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
  struct Hook {
    unsigned id;
    std::shared_ptr<std::function<Tensor(const Tensor&)>> run;
  };
  Tensor grad;
  bool retains_grad = false;
  unsigned next_id = 0;
  std::vector<Hook> hooks;
  std::vector<std::function<void(const Tensor&)>> post_accumulate;
  uint32_t slot = 0;  ///< the engine's
};

/// t's leaf state, made when first asked for.
LeafState& leaf_state(TensorImpl& t);

/// Where t's gradient goes: brings a view's grad_fn up to date first.
Edge gradient_edge(TensorImpl& t);

}  // namespace taper
