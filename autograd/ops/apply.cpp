#include "autograd/graph/grad_mode.h"
#include "autograd/graph/view.h"
#include "autograd/kernels/pointwise.h"
#include "autograd/ops/in_blocks.h"
#include "autograd/ops/op.h"
#include "autograd/ops/scratch.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

OutputSpec& Specs::next() {
  if (size_ < few) return specs_[size_++];
  ++size_;
  return more_.emplace_back();
}

OutputSpec& Specs::fresh(const Shape& sizes, Dtype dtype) {
  OutputSpec& s = next();
  s.sizes = sizes;
  s.dtype = dtype;
  return s;
}

OutputSpec& Specs::view(int input, const Shape& sizes, const Shape& strides, int64_t offset) {
  OutputSpec& s = fresh(sizes, inputs_[size_t(input)].dtype());
  s.kind = OutputSpec::Kind::view;
  s.input = input;
  s.strides = strides;
  s.offset = offset;
  return s;
}

OutputSpec& Specs::write(int input) {
  const Tensor& x = inputs_[size_t(input)];
  OutputSpec& s = fresh(x.sizes(), x.dtype());
  s.kind = OutputSpec::Kind::write;
  s.input = input;
  return s;
}

namespace {

using Kind = OutputSpec::Kind;

bool wants_gradient(const Tensor& t) { return t.defined() && wants_gradient(*t.impl()); }

bool same_places(const TensorImpl& a, const TensorImpl& b) {
  return a.offset == b.offset && a.sizes == b.sizes && a.strides == b.strides;
}

/// x's values in packed memory of their own, not recorded.
Tensor packed_copy(const Tensor& x) {
  Tensor y = empty(x.sizes(), {.dtype = x.dtype()});
  dispatch(x.dtype(), [&](auto t) { kernels::copy<decltype(t)>(plain(x), plain(y)); });
  return y;
}

/// One call of apply, in the order of its steps.
class Application {
 public:
  Application(const OpType& type, const void* op, Inputs inputs)
      : type_(type), op_(op), x_(inputs), specs_(inputs) {}

  void run(Tensor* y, bool in_place) {
    type_.infer(op_, x_, specs_);
    if (in_place) write_first_input();
    bool recorded = wants_recording();
    for (size_t k = 0; k < specs_.size(); ++k) check(specs_[k], recorded);
    if (recorded) prepare_node();
    make_outputs(y);
    if (type_.forward) forward(y);
    for (size_t k = 0; k < specs_.size(); ++k)
      if (specs_[k].kind == Kind::write) note_write(*y[k].impl(), *type_.info);
    if (node_) attach(y);
  }

 private:
  void write_first_input() {
    const Tensor& x = x_[0];
    OutputSpec& s = specs_[0];
    if (!(s.sizes == Shape(x.sizes())))
      fail(type_.info->name, "in place, the result has shape {}; expected the tensor's own {}",
           s.sizes, x.sizes());
    if (s.dtype != x.dtype())
      fail(type_.info->name, "in place, the result is {}; expected the tensor's own {}", s.dtype,
           x.dtype());
    s.kind = Kind::write;
    s.input = 0;
  }

  void check(const OutputSpec& s, bool recorded) const {
    if (s.kind == Kind::write)
      check_writable(type_, *x_[size_t(s.input)].impl(), recorded);
    else
      numel(s.sizes, type_.info->name);  // throws if it is too large
  }

  size_t differentiable_inputs() const {
    return type_.backward ? x_.size() : std::min(size_t(type_.rules), x_.size());
  }

  bool writes(size_t input) const {
    for (size_t k = 0; k < specs_.size(); ++k)
      if (specs_[k].kind == Kind::write && specs_[k].input == int(input)) return true;
    return false;
  }

  bool wants_recording() {
    if (!thread_state.recording()) return false;
    for (size_t i = 0; i < differentiable_inputs(); ++i)
      if (wants_gradient(x_[i])) return any_differentiable();
    for (size_t i = 0; i < x_.size(); ++i)
      if (writes(i) && wants_gradient(x_[i])) return true;  // its history ends here
    return false;
  }

  bool any_differentiable() {
    for (size_t k = 0; k < specs_.size(); ++k)
      if (specs_[k].differentiable && is_floating_point(specs_[k].dtype)) return true;
    return false;
  }

  void prepare_node() {
    uint32_t keep_inputs = 0, keep_outputs = 0;
    size_t edges = differentiable_inputs();
    for (size_t i = 0; i < edges; ++i) {
      if (!wants_gradient(x_[i])) continue;
      const Rule& rule = type_.grads[type_.backward ? 0 : i];
      keep_inputs |= rule.inputs;
      keep_outputs |= rule.outputs;
    }
    keep_outputs_ = keep_outputs;
    size_t saved = 0;
    for (uint32_t m : {keep_inputs, keep_outputs})
      for (; m; m &= m - 1) ++saved;
    node_ = Node::create(type_, op_, edges, specs_.size(), saved);
    for (size_t i = 0; i < edges; ++i)
      if (x_[i].defined()) node_->edge(i) = gradient_edge(*x_[i].impl());
    for (size_t i = 0; i < x_.size() && i < 32; ++i)
      if (keep_inputs >> i & 1) node_->save(lasting(i), int(i), false);
  }

  /// Input i, or a copy of it if the op is about to write to its memory. A leaf stays itself:
  /// backward will say that it was overwritten.
  Tensor lasting(size_t i) const {
    const Tensor& x = x_[i];
    bool is_leaf = i < node_->inputs() && node_->edge(i).leaf;
    if (!x.defined() || is_leaf || !shares_written_memory(*x.impl())) return x;
    NoGradGuard no_grad;
    return x.clone();
  }

  bool shares_written_memory(const TensorImpl& x) const {
    for (size_t k = 0; k < specs_.size(); ++k)
      if (specs_[k].kind == Kind::write && x_[size_t(specs_[k].input)].impl()->storage == x.storage)
        return true;
    return false;
  }

  void make_outputs(Tensor* y) {
    for (size_t k = 0; k < specs_.size(); ++k) {
      const OutputSpec& s = specs_[k];
      if (s.kind == Kind::fresh)
        y[k] = fresh(s);
      else if (s.kind == Kind::view)
        y[k] = view_of(x_[size_t(s.input)], s.sizes, s.strides, s.offset);
      else
        y[k] = x_[size_t(s.input)];
    }
  }

  static Tensor fresh(const OutputSpec& s) {
    Tensor y = empty(s.sizes, {.dtype = s.dtype});
    if (s.block) put_in_blocks(y, s.block);
    return y;
  }

  void forward(Tensor* y) {
    Scratch scratch(specs_.scratch_bytes);
    Outputs outputs(y, scratch.data(), specs_.choice);
    for (size_t i = 0; i < x_.size(); ++i)
      if (needs_copy(i)) return forward_on_copies(outputs);
    if (type_.info->pointwise && forward_in_blocks(type_, op_, x_, outputs, specs_)) return;
    type_.forward(op_, x_, outputs);
  }

  /// Whether forward cannot read input i where it is: it must be packed, or the op would overwrite
  /// it meanwhile.
  bool needs_copy(size_t i) const {
    if (!x_[i].defined()) return false;
    if (named(specs_.packed_inputs, i) && !x_[i].is_contiguous()) return true;
    return misses_blocks(i) || overlaps_write(i);
  }

  static bool named(uint32_t inputs, size_t i) { return i < 32 && (inputs >> i & 1); }

  /// Whether input i must lie in blocks and does not.
  bool misses_blocks(size_t i) const {
    return named(specs_.blocked_inputs, i) && block_of(x_[i]) != specs_.input_block;
  }

  void forward_on_copies(Outputs y) {
    tensor_list copies(x_.size());
    std::vector<const Tensor*> inputs(x_.size());
    for (size_t i = 0; i < x_.size(); ++i) {
      if (needs_copy(i)) copies[i] = copy(i);
      inputs[i] = copies[i].defined() ? &copies[i] : &x_[i];
    }
    type_.forward(op_, Inputs(inputs.data(), inputs.size()), y);
  }

  Tensor copy(size_t i) const {
    if (!misses_blocks(i)) return packed_copy(x_[i]);
    return copied_to_blocks(x_[i].is_contiguous() ? x_[i] : packed_copy(x_[i]), specs_.input_block);
  }

  /// Whether forward would overwrite input i before it has read it. An op knows of the inputs that
  /// it writes; of others on the same memory only pointwise ops may read the very places they
  /// write.
  bool overlaps_write(size_t i) const {
    if (writes(i)) return false;
    const TensorImpl& x = *x_[i].impl();
    for (size_t k = 0; k < specs_.size(); ++k) {
      if (specs_[k].kind != Kind::write) continue;
      const TensorImpl& w = *x_[size_t(specs_[k].input)].impl();
      if (w.storage == x.storage && !(type_.info->pointwise && same_places(w, x))) return true;
    }
    return false;
  }

  void attach(Tensor* y) {
    for (size_t k = 0; k < specs_.size(); ++k) {
      TensorImpl& t = *y[k].impl();
      node_->output(k) = {t.sizes, t.dtype};
      if (specs_[k].differentiable && is_floating_point(t.dtype))
        join_history(t, node_, uint32_t(k), specs_[k].kind == Kind::write);
    }
    for (size_t k = 0; k < specs_.size() && k < 32; ++k)
      if (keep_outputs_ >> k & 1) node_->save(y[k], int(k), true);
  }

  const OpType& type_;
  const void* op_;
  Inputs x_;
  Specs specs_;
  uint32_t keep_outputs_ = 0;
  Ref<Node> node_;
};

}  // namespace

void apply(const OpType& type, const void* op, Inputs inputs, Tensor* outputs, bool in_place) {
  Application(type, op, inputs).run(outputs, in_place);
}

}  // namespace taper
