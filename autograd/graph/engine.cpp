#include "autograd/graph/engine.h"

#include <algorithm>
#include <mutex>
#include <span>

#include "autograd/graph/frames.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/ops/op.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/module_path.h"

namespace taper {

namespace {

/// Whether nobody else holds t or its memory, so that a gradient may be written into it.
bool nobody_else_holds(const Tensor& t) { return is_sole_owner(t) && !t.is_inference(); }

void check_like(std::string_view op, std::string_view what, const Tensor& g, IntList sizes,
                Dtype dtype) {
  if (!(g.sizes() == sizes)) fail(op, "{} shape {}; expected {}", what, g.sizes(), sizes);
  if (g.dtype() != dtype) fail(op, "{} type {}; expected {}", what, g.dtype(), dtype);
}

/// The gradient that a rule returned for an input, brought to the input's shape and type if the op
/// broadcasts, else checked.
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
  if (!grad.defined()) {
    grad = nobody_else_holds(g) ? std::move(g) : g.clone();
    return;
  }
  check_like("backward", "the grad that a leaf holds has", grad, leaf.sizes, leaf.dtype);
  if (create_graph)
    grad = grad + g;
  else
    grad.add_(g);
}

/// Runs a tensor's hooks on its gradient; what one returns replaces it.
void run_hooks(const HookList<TensorHook>& hooks, Tensor& g) {
  hooks.each([&](auto& run) {
    Tensor replacement = run(g);
    if (!replacement.defined()) return;
    check_like("register_hook", "the hook returned", replacement, g.sizes(), g.dtype());
    g = std::move(replacement);
  });
}

/// Runs the hooks of output output_nr of a node, and keeps the gradient for those that retain it.
void run_output_hooks(const NodeExtras& extras, uint32_t output_nr, Tensor& g) {
  if (auto it = extras.tensor_hooks.find(output_nr); it != extras.tensor_hooks.end())
    run_hooks(it->second, g);
  for (auto& retained : extras.retained) {
    if (retained.output_nr != output_nr) continue;
    Tensor& kept = retained.into->grad;
    kept = kept.defined() ? kept + g : g.clone();
  }
}

/// One run of backward: the graph below the roots is counted, then walked as gradients become
/// complete.
class Run {
 public:
  Run(const GradOptions& options, bool to_leaves)
      : create_graph_(options.create_graph),
        retain_graph_(options.retain_graph.value_or(options.create_graph)),
        to_leaves_(to_leaves),
        mode_(options.create_graph) {}

  void add_root(Edge e, Tensor g) { roots_.push_back({std::move(e), std::move(g)}); }
  void add_target(Edge e) { targets_.push_back({std::move(e), {}}); }

  void go() {
    for (End& root : roots_) root.frame = frames_.reach(root.edge);
    uint32_t starts = frames_.size();
    count();
    if (!targets_.empty()) find_needed();
    gradients_.resize(frames_.gradients());
    for (End& root : roots_) add(root.frame, root.edge.output_nr, std::move(root.gradient));
    for (uint32_t i = 0; i < starts; ++i)
      if (frames_[i].waiting == 0) complete(i);
    while (!ready_.empty()) {
      uint32_t i = ready_.back();
      ready_.pop_back();
      run_node(i);
    }
  }

  const Tensor& result(size_t target) const { return targets_[target].gradient; }

 private:
  struct End {
    Edge edge;
    Tensor gradient;
    uint32_t frame = Frames::none;
  };

  /// Reaches every node below the roots and counts the edges into each.
  void count() {
    for (uint32_t i = 0; i < frames_.size(); ++i) {
      frames_[i].below = uint32_t(below_.size());
      const Node* node = frames_[i].node;
      for (size_t k = 0; node && k < node->inputs(); ++k) {
        const Edge& e = node->edge(k);
        below_.push_back(e ? frames_.reach(e) : Frames::none);
        if (e) ++frames_[below_.back()].waiting;
      }
    }
  }

  /// The frames that a node's edges lead to, none where it has no edge.
  std::span<const uint32_t> below(uint32_t i) {
    const Frame& frame = frames_[i];
    return {below_.data() + frame.below, frame.node ? frame.node->inputs() : 0};
  }

  /// Marks what lies on a way to a target; nothing else runs.
  void find_needed() {
    for (End& target : targets_)
      if ((target.frame = frames_.find(target.edge)) != Frames::none)
        frames_[target.frame].asked = true;
    for (uint32_t i = 0; i < frames_.size(); ++i) frames_[i].needed = frames_[i].asked;
    std::vector<uint32_t> order = topological_order();
    for (size_t n = order.size(); n-- > 0;)
      if (reaches_needed(order[n])) frames_[order[n]].needed = true;
  }

  std::vector<uint32_t> topological_order() {
    std::vector<uint32_t> waiting, order;
    for (uint32_t i = 0; i < frames_.size(); ++i) {
      waiting.push_back(frames_[i].waiting);
      if (waiting[i] == 0) order.push_back(i);
    }
    for (size_t n = 0; n < order.size(); ++n)
      for (uint32_t to : below(order[n]))
        if (to != Frames::none && --waiting[to] == 0) order.push_back(to);
    return order;
  }

  bool wanted(uint32_t to) { return to != Frames::none && frames_[to].needed; }

  bool reaches_needed(uint32_t i) {
    return std::ranges::any_of(below(i), [this](uint32_t to) { return wanted(to); });
  }

  /// Adds g to the gradient of output output_nr of frame `to`, in memory that is ours if it can.
  void add(uint32_t to, uint32_t output_nr, Tensor g) {
    if (!g.defined() || !frames_[to].needed) return;
    Tensor& so_far = sum(to, output_nr);
    if (!so_far.defined()) {
      so_far = std::move(g);
    } else if (!create_graph_ && nobody_else_holds(so_far)) {
      so_far.add_(g);
    } else if (!create_graph_ && nobody_else_holds(g)) {
      g.add_(so_far);
      so_far = std::move(g);
    } else {
      so_far = so_far + g;
    }
  }

  /// The gradient of output output_nr of frame `to` so far.
  Tensor& sum(uint32_t to, uint32_t output_nr) {
    return gradients_[frames_[to].gradients + output_nr];
  }

  void complete(uint32_t i) {
    if (frames_[i].node)
      ready_.push_back(i);
    else
      run_leaf(i);
  }

  void run_leaf(uint32_t i) {
    TensorImpl& leaf = *frames_[i].leaf;
    Tensor g = std::move(gradients_[frames_[i].gradients]);
    if (!g.defined()) return;
    run_hooks(leaf.leaf->hooks, g);
    if (!to_leaves_) return capture(i, 0, g);
    accumulate_grad(leaf, std::move(g), create_graph_);
    leaf.leaf->post_accumulate.each([&](auto& run) { run(Tensor(Ref<TensorImpl>(&leaf))); });
  }

  /// Keeps g if it was asked for.
  void capture(uint32_t i, uint32_t output_nr, const Tensor& g) {
    if (to_leaves_ || !frames_[i].asked) return;
    for (End& target : targets_)
      if (target.frame == i && target.edge.output_nr == output_nr) target.gradient = g;
  }

  void run_node(uint32_t i) {
    Node& node = *frames_[i].node;
    bool runs = take_gradients(i) && frames_[i].needed && reaches_needed(i);
    dx_.assign(node.inputs(), Tensor());
    if (runs) run_rules(i);
    if (runs && !retain_graph_) node.release_saved();
    dy_.clear();  // what a rule passed on may now be ours alone
    for (uint32_t k = 0; k < node.inputs(); ++k) {
      uint32_t to = below(i)[k];
      if (to == Frames::none) continue;
      add(to, node.edge(k).output_nr, std::move(dx_[k]));
      if (--frames_[to].waiting == 0) complete(to);
    }
  }

  /// Moves the gradients of a node's outputs to dy_; false if there is none.
  bool take_gradients(uint32_t i) {
    const NodeExtras* extras = frames_[i].node->extras_if_any();
    dy_.resize(frames_[i].node->outputs());
    bool any = false;
    for (uint32_t k = 0; k < dy_.size(); ++k) {
      dy_[k] = std::move(gradients_[frames_[i].gradients + k]);
      if (!dy_[k].defined()) continue;
      if (extras) run_output_hooks(*extras, k, dy_[k]);
      capture(i, k, dy_[k]);
      any = true;
    }
    return any;
  }

  /// dx_ from dy_, with the node's hooks, checked.
  void run_rules(uint32_t i) {
    Node& node = *frames_[i].node;
    const NodeExtras* extras = node.extras_if_any();
    ModuleScope inside(node.path());
    if (extras) run_pre_hooks(node, *extras);
    wants_.clear();
    sums_.clear();
    for (size_t k = 0; k < node.inputs(); ++k) {
      uint32_t to = below(i)[k];
      wants_.push_back(wanted(to));
      sums_.push_back(wants_[k] ? &sum(to, node.edge(k).output_nr) : nullptr);
    }
    BackwardContext context(node, dy_.data(), wants_.data(), extras ? nullptr : sums_.data(),
                            !retain_graph_ && !extras);
    call_rules(node, context);
    if (extras) extras->post_hooks.each([&](auto& run) { run(node, dx_); });
    if (dx_.size() != node.inputs())
      fail(node.name(), "its rule returned {} gradients; expected {}", dx_.size(), node.inputs());
    for (size_t k = 0; k < dx_.size(); ++k)
      if (wants_[k] && dx_[k].defined()) dx_[k] = checked(node, k, std::move(dx_[k]));
  }

  void call_rules(const Node& node, BackwardContext& context) {
    const OpType& type = node.type();
    if (type.backward) {
      bool formula = thread_state.formulas && type.backward_formula;
      dx_ = (formula ? type.backward_formula : type.backward)(node.op(), context);
      return;
    }
    const Rule* rules = thread_state.formulas && type.formulas ? type.formulas : type.grads;
    for (size_t k = 0; k < dx_.size(); ++k)
      if (wants_[k]) dx_[k] = rules[k].run(node.op(), context);
  }

  void run_pre_hooks(const Node& node, const NodeExtras& extras) {
    extras.pre_hooks.each([&](auto& run) {
      run(node, dy_);
      if (dy_.size() != node.outputs())
        fail("register_pre_hook", "the hook left {} gradients; expected {}", dy_.size(),
             node.outputs());
      for (size_t k = 0; k < dy_.size(); ++k)
        if (dy_[k].defined())
          check_like("register_pre_hook", "the hook left a gradient of", dy_[k],
                     node.output(k).sizes, node.output(k).dtype);
    });
  }

  bool create_graph_, retain_graph_, to_leaves_;
  AutoGradMode mode_;
  Frames frames_;
  memory::vector<End> roots_, targets_;
  tensor_list gradients_;
  memory::vector<uint32_t> below_, ready_;
  tensor_list dy_, dx_;  ///< of the node that runs
  memory::vector<uint8_t> wants_;
  memory::vector<Tensor*> sums_;
};

/// The edges and starting gradients of backward's outputs, checked.
void add_roots(Run& run, std::string_view op, TensorList outputs, TensorList grads) {
  if (!grads.empty() && grads.size() != outputs.size())
    fail(op, "{} output gradients for {} outputs; expected one for each", grads.size(),
         outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = outputs[i];
    if (!y.defined()) fail(op, "output {} is undefined; expected a tensor", i);
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
    run.add_root(gradient_edge(*y.impl()), std::move(g));
  }
}

void add_targets(Run& run, std::string_view op, TensorList inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) fail(op, "input {} is undefined; expected a tensor", i);
    if (!inputs[i].requires_grad())
      fail(op, "input {} does not require grad; expected one that does", i);
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
  for (const Tensor& x : inputs) x.retain_grad();
  run.go();
}

void backward(TensorList outputs, TensorList grad_outputs, std::optional<bool> retain_graph,
              bool create_graph, TensorList inputs) {
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

tensor_list grad(TensorList outputs, TensorList inputs, TensorList grad_outputs,
                 std::optional<bool> retain_graph, bool create_graph, bool allow_unused) {
  return grad(outputs, inputs, grad_outputs, {retain_graph, create_graph, allow_unused});
}

}  // namespace autograd

}  // namespace taper
