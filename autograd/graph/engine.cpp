#include "autograd/graph/engine.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/ops/op.h"
#include "autograd/tensor/factories.h"

namespace taper {

namespace {

/// A node or leaf that a run of the engine reaches, and the gradients that came in so far.
struct Frame {
  Ref<Node> node;
  Ref<TensorImpl> leaf;
  uint32_t waiting = 0;  ///< edges into it that have not delivered yet
  uint32_t first = 0;    ///< where its gradients start in the run's list
  bool needed = true;    ///< on a way to an input that was asked for
};

/// Finds frames by the slot that nodes and leaves keep for the engine. The slots belong to one run
/// at a time; a run inside or beside it uses a map.
class Frames {
 public:
  Frames() : owns_slots_(!slots_taken.exchange(true, std::memory_order_acquire)) {}
  ~Frames() {
    if (owns_slots_) slots_taken.store(false, std::memory_order_release);
  }

  Frame& operator[](uint32_t i) { return list_[i]; }
  uint32_t size() const { return uint32_t(list_.size()); }

  /// The frame of an edge's end, if it was reached.
  std::optional<uint32_t> find(const Edge& e) const {
    if (owns_slots_) {
      uint32_t slot = e.node ? e.node->slot : e.leaf->leaf->slot;
      if (slot < list_.size() && list_[slot].node == e.node && list_[slot].leaf == e.leaf)
        return slot;
      return {};
    }
    auto it = map_.find(key(e));
    if (it == map_.end()) return {};
    return it->second;
  }

  uint32_t add(const Edge& e) {
    uint32_t i = size();
    list_.push_back({e.node, e.leaf, 0, gradients_, true});
    gradients_ += e.node ? uint32_t(e.node->outputs()) : 1;
    if (!owns_slots_)
      map_.emplace(key(e), i);
    else if (e.node)
      e.node->slot = i;
    else
      e.leaf->leaf->slot = i;
    return i;
  }

  uint32_t gradients() const { return gradients_; }

 private:
  static const void* key(const Edge& e) {
    return e.node ? static_cast<const void*>(e.node.get()) : e.leaf.get();
  }
  static inline std::atomic<bool> slots_taken = false;
  bool owns_slots_;
  std::vector<Frame> list_;
  std::unordered_map<const void*, uint32_t> map_;
  uint32_t gradients_ = 0;
};

Tensor checked(const Node& node, size_t input, Tensor g) {
  IntList sizes = node.input_shape(input);
  Dtype dtype = node.input_dtype(input);
  if (node.type().info->broadcasts) {
    if (!(g.sizes() == sizes)) g = g.sum_to_size(sizes);
    if (g.dtype() != dtype) g = g.to(dtype);
  }
  if (!(g.sizes() == sizes))
    fail(node.name(), "its rule returned a gradient of shape {} for input {}; expected {}",
         g.sizes(), input, sizes);
  if (g.dtype() != dtype)
    fail(node.name(), "its rule returned a {} gradient for input {}; expected {}", g.dtype(), input,
         dtype);
  return g;
}

void accumulate_grad(TensorImpl& leaf, Tensor g, bool create_graph) {
  static std::mutex mutexes[64];
  std::lock_guard lock(mutexes[(reinterpret_cast<uintptr_t>(&leaf) >> 6) % 64]);
  Tensor& grad = leaf.leaf->grad;
  if (grad.defined() && create_graph) {
    grad = grad + g;
  } else if (grad.defined()) {
    grad.add_(g);
  } else {
    const TensorImpl& x = *g.impl();
    bool ours = x.use_count() == 1 && x.storage->use_count() == 1 && x.contiguous && !x.base;
    grad = create_graph || ours ? g : g.clone();
  }
}

/// One run of backward: the graph below the roots is counted, then walked as gradients become
/// complete.
class Run {
 public:
  Run(const GradOptions& options, bool to_leaves)
      : options_(options), to_leaves_(to_leaves), mode_(options.create_graph) {}

  void add_root(const Edge& e, const Tensor& g) { roots_.push_back({e, g}); }
  void add_target(const Edge& e) { targets_.push_back({e, {}}); }

  void go() {
    for (auto& [edge, g] : roots_) reach(edge);
    count();
    if (!targets_.empty()) find_needed();
    gradients_.resize(frames_.gradients());
    for (auto& [edge, g] : roots_) deliver(edge, std::move(g), false);
    for (auto& [edge, g] : roots_)
      if (uint32_t i = *frames_.find(edge);
          frames_[i].waiting == 0 && std::find(ready_.begin(), ready_.end(), i) == ready_.end())
        ready_.push_back(i);
    while (!ready_.empty()) {
      uint32_t i = ready_.back();
      ready_.pop_back();
      frames_[i].node ? run_node(i) : run_leaf(i);
    }
  }

  const Tensor& result(size_t target) const { return targets_[target].gradient; }

 private:
  struct End {
    Edge edge;
    Tensor gradient;
  };

  void reach(const Edge& e) {
    if (!frames_.find(e)) frames_.add(e);
  }

  /// Reaches every node below the roots and counts the edges into each.
  void count() {
    for (uint32_t i = 0; i < frames_.size(); ++i) {
      Ref<Node> node = frames_[i].node;
      if (!node) continue;
      for (size_t k = 0; k < node->inputs(); ++k) {
        const Edge& e = node->edge(k);
        if (!e) continue;
        auto found = frames_.find(e);
        uint32_t to = found ? *found : frames_.add(e);
        ++frames_[to].waiting;
      }
    }
  }

  /// Marks what lies on a way to a target; nothing else runs.
  void find_needed() {
    std::vector<uint32_t> order = topological_order();
    for (uint32_t i = 0; i < frames_.size(); ++i) frames_[i].needed = false;
    for (auto& [edge, g] : targets_)
      if (auto i = frames_.find(edge)) frames_[*i].needed = true;
    for (size_t n = order.size(); n-- > 0;) {
      Frame& frame = frames_[order[n]];
      if (!frame.node) continue;
      for (size_t k = 0; k < frame.node->inputs(); ++k)
        if (const Edge& e = frame.node->edge(k); e && frames_[*frames_.find(e)].needed)
          frame.needed = true;
    }
  }

  std::vector<uint32_t> topological_order() {
    std::vector<uint32_t> waiting(frames_.size()), order;
    for (uint32_t i = 0; i < frames_.size(); ++i)
      if ((waiting[i] = frames_[i].waiting) == 0) order.push_back(i);
    for (size_t n = 0; n < order.size(); ++n) {
      const Node* node = frames_[order[n]].node.get();
      if (!node) continue;
      for (size_t k = 0; k < node->inputs(); ++k)
        if (const Edge& e = node->edge(k))
          if (uint32_t to = *frames_.find(e); --waiting[to] == 0) order.push_back(to);
    }
    return order;
  }

  void deliver(const Edge& e, Tensor g, bool counted = true) {
    uint32_t i = *frames_.find(e);
    Frame& frame = frames_[i];
    if (g.defined() && frame.needed) {
      Tensor& sum = gradients_[frame.first + e.output_nr];
      sum = sum.defined() ? sum + g : std::move(g);
    }
    if (counted && --frame.waiting == 0) ready_.push_back(i);
  }

  void run_leaf(uint32_t i) {
    TensorImpl& leaf = *frames_[i].leaf;
    Tensor g = std::move(gradients_[frames_[i].first]);
    if (!g.defined()) return;
    for (size_t h = 0; h < leaf.leaf->hooks.size(); ++h)
      if (Tensor replaced = (*leaf.leaf->hooks[h].run)(g); replaced.defined()) g = replaced;
    if (!to_leaves_) return capture(frames_[i], 0, g);
    accumulate_grad(leaf, std::move(g), options_.create_graph);
    for (auto& hook : leaf.leaf->post_accumulate) hook(Tensor(Ref<TensorImpl>(&leaf)));
  }

  /// Keeps g if it was asked for.
  void capture(const Frame& frame, uint32_t output_nr, const Tensor& g) {
    for (End& target : targets_)
      if (target.edge.node == frame.node && target.edge.leaf == frame.leaf &&
          target.edge.output_nr == output_nr)
        target.gradient = g;
  }

  void run_node(uint32_t i) {
    Ref<Node> node = frames_[i].node;
    tensor_list dy(node->outputs());
    bool any = false;
    for (uint32_t k = 0; k < dy.size(); ++k) {
      dy[k] = std::move(gradients_[frames_[i].first + k]);
      if (!dy[k].defined()) continue;
      run_tensor_hooks(*node, k, dy[k]);
      if (!targets_.empty()) capture(frames_[i], k, dy[k]);
      any = true;
    }
    bool runs = any && frames_[i].needed && reaches_needed(*node);
    tensor_list dx = runs ? run_rules(*node, dy) : tensor_list(node->inputs());
    if (runs && !options_.retain_graph && !options_.create_graph) node->release_saved();
    for (size_t k = 0; k < node->inputs(); ++k)
      if (node->edge(k)) deliver(node->edge(k), std::move(dx[k]));
  }

  bool reaches_needed(const Node& node) {
    for (size_t k = 0; k < node.inputs(); ++k)
      if (wanted(node, k)) return true;
    return false;
  }

  bool wanted(const Node& node, size_t input) {
    const Edge& e = node.edge(input);
    return e && (targets_.empty() || frames_[*frames_.find(e)].needed);
  }

  static void run_tensor_hooks(const Node& node, uint32_t output_nr, Tensor& g) {
    const NodeExtras* extras = node.extras_if_any();
    if (!extras) return;
    for (auto& hook : extras->tensor_hooks)
      if (*hook.run && hook.output_nr == output_nr)
        if (Tensor replaced = (*hook.run)(g); replaced.defined()) g = replaced;
    for (auto& retained : extras->retained)
      if (retained.output_nr == output_nr) {
        Tensor& kept = retained.into->grad;
        kept = kept.defined() ? kept + g : g;
      }
  }

  tensor_list run_rules(Node& node, tensor_list& dy) {
    const OpType& type = node.type();
    const NodeExtras* extras = node.extras_if_any();
    if (extras)
      for (auto& hook : extras->pre_hooks) hook(node, dy);
    auto wants = std::make_unique<bool[]>(node.inputs());
    for (size_t k = 0; k < node.inputs(); ++k) wants[k] = wanted(node, k);
    BackwardContext context(node, dy.data(), wants.get());
    tensor_list dx;
    if (type.backward) {
      bool formula = thread_state.formulas && type.backward_formula;
      dx = (formula ? type.backward_formula : type.backward)(node.op(), context);
    } else {
      const Rule* rules = thread_state.formulas && type.formulas ? type.formulas : type.grads;
      dx.resize(node.inputs());
      for (size_t k = 0; k < node.inputs(); ++k)
        if (wants[k]) dx[k] = rules[k].run(node.op(), context);
    }
    if (dx.size() != node.inputs())
      fail(node.name(), "its rule returned {} gradients; expected {}", dx.size(), node.inputs());
    for (size_t k = 0; k < dx.size(); ++k)
      if (wants[k] && dx[k].defined()) dx[k] = checked(node, k, std::move(dx[k]));
    if (extras)
      for (auto& hook : extras->post_hooks) hook(node, dx);
    return dx;
  }

  GradOptions options_;
  bool to_leaves_;
  AutoGradMode mode_;
  Frames frames_;
  std::vector<End> roots_, targets_;
  tensor_list gradients_;
  std::vector<uint32_t> ready_;
};

/// The edges and starting gradients of backward's outputs, checked.
void add_roots(Run& run, std::string_view op, TensorList outputs, TensorList grads) {
  if (!grads.empty() && grads.size() != outputs.size())
    fail(op, "{} output gradients for {} outputs; expected one for each", grads.size(),
         outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = outputs[i];
    if (!y.requires_grad())
      fail(op,
           "output {} does not require grad and has no history; expected a tensor that depends "
           "on one with requires_grad",
           i);
    Tensor g = grads.empty() ? Tensor() : grads[i];
    if (!g.defined()) {
      if (y.numel() != 1)
        fail(op, "output {} has shape {}; expected one element, or an output gradient", i,
             y.sizes());
      g = ones(y.sizes(), {.dtype = y.dtype()});
    }
    if (!(g.sizes() == y.sizes()))
      fail(op, "the output gradient has shape {}; expected the output's {}", g.sizes(), y.sizes());
    if (g.dtype() != y.dtype())
      fail(op, "the output gradient is {}; expected the output's {}", g.dtype(), y.dtype());
    run.add_root(gradient_edge(*y.impl()), g);
  }
}

void add_targets(Run& run, std::string_view op, TensorList inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined() || !inputs[i].requires_grad())
      fail(op, "input {} does not require grad", i);
    run.add_target(gradient_edge(*inputs[i].impl()));
  }
}

}  // namespace

namespace autograd {

void backward(TensorList outputs, TensorList grad_outputs, const GradOptions& options,
              TensorList inputs) {
  Run run(options, true);
  add_roots(run, "backward", outputs, grad_outputs);
  add_targets(run, "backward", inputs);
  run.go();
  for (size_t i = 0; i < inputs.size(); ++i)
    if (Tensor g = run.result(i); g.defined()) {
      leaf_state(*inputs[i].impl());
      accumulate_grad(*inputs[i].impl(), g, options.create_graph);
    }
}

void backward(TensorList outputs, TensorList grad_outputs, bool retain_graph, bool create_graph,
              TensorList inputs) {
  backward(outputs, grad_outputs, {retain_graph, create_graph}, inputs);
}

tensor_list grad(TensorList outputs, TensorList inputs, TensorList grad_outputs,
                 const GradOptions& options) {
  Run run(options, false);
  add_roots(run, "grad", outputs, grad_outputs);
  add_targets(run, "grad", inputs);
  run.go();
  tensor_list out;
  for (size_t i = 0; i < inputs.size(); ++i) {
    out.push_back(run.result(i));
    if (!out.back().defined() && !options.allow_unused)
      fail("grad", "the outputs do not depend on input {}; expected allow_unused=true for that", i);
  }
  return out;
}

tensor_list grad(TensorList outputs, TensorList inputs, TensorList grad_outputs, bool retain_graph,
                 bool create_graph, bool allow_unused) {
  return grad(outputs, inputs, grad_outputs, {retain_graph, create_graph, allow_unused});
}

}  // namespace autograd

}  // namespace taper
