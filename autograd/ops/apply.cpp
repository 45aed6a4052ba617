#include "autograd/graph/grad_mode.h"
#include "autograd/graph/view.h"
#include "autograd/kernels/pointwise.h"
#include "autograd/ops/op.h"
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

/// x's values in packed memory of their own, not recorded.
Tensor packed_copy(const Tensor& x) {
  Tensor y = empty(x.sizes(), {.dtype = x.dtype()});
  dispatch(x.dtype(), [&](auto t) { kernels::copy<decltype(t)>(plain(x), plain(y)); });
  return y;
}

bool wants_gradient(const Tensor& t) {
  if (!t.defined()) return false;
  TensorImpl& x = *t.impl();
  if (x.base && x.generation != x.base->generation) return bool(gradient_edge(x));
  return x.requires_grad || x.grad_fn;
}

/// One call of apply, in the order of its steps.
class Application {
 public:
  Application(const OpType& type, const void* op, Inputs inputs)
      : type_(type), op_(op), x_(inputs), specs_(inputs) {}

  void run(Tensor* y, bool in_place) {
    type_.infer(op_, x_, specs_);
    if (in_place) write_first_input();
    for (size_t k = 0; k < specs_.size(); ++k)
      if (specs_[k].kind == Kind::write) check_writable(specs_[k]);
    if (wants_recording()) prepare_node();
    make_outputs(y);
    if (type_.forward) forward(y);
    for (size_t k = 0; k < specs_.size(); ++k)
      if (specs_[k].kind == Kind::write) note_write(*y[k].impl());
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

  void check_writable(const OutputSpec& s) const {
    const Tensor& t = x_[size_t(s.input)];
    const TensorImpl& x = *t.impl();
    for (size_t d = 0; d < x.sizes.size(); ++d)
      if (x.strides[d] == 0 && x.sizes[d] > 1)
        fail(type_.info->name,
             "cannot write to an expanded tensor of shape {}, several elements share memory; "
             "expected "
             "a clone() of it",
             t.sizes());
    if (x.inference && !thread_state.inference)
      fail(type_.info->name, "cannot write to an inference tensor outside of inference mode");
    if (!thread_state.grad_enabled || !is_floating_point(x.dtype)) return;
    if (x.requires_grad)
      fail(type_.info->name,
           "cannot write to a leaf that requires grad; expected NoGradGuard or another tensor");
    if (x.base && x.base->requires_grad)
      fail(type_.info->name,
           "cannot write to a view of a leaf that requires grad; expected NoGradGuard or another "
           "tensor");
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
    if (!thread_state.grad_enabled) return false;
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
      if (keep_inputs >> i & 1) node_->save(lasting(x_[i]), int(i), false);
  }

  /// x, or a copy of it if the op is about to write to its memory.
  Tensor lasting(const Tensor& x) {
    if (!x.defined()) return x;
    for (size_t k = 0; k < specs_.size(); ++k) {
      if (specs_[k].kind != Kind::write) continue;
      if (x_[size_t(specs_[k].input)].impl()->storage != x.impl()->storage) continue;
      Edge edge = gradient_edge(*x.impl());
      NoGradGuard no_grad;
      Tensor copy = x.clone();
      copy.impl()->grad_fn = edge.node;
      copy.impl()->output_nr = edge.output_nr;
      return copy;
    }
    return x;
  }

  void make_outputs(Tensor* y) {
    for (size_t k = 0; k < specs_.size(); ++k) {
      const OutputSpec& s = specs_[k];
      if (s.kind == Kind::fresh)
        y[k] = empty(s.sizes, {.dtype = s.dtype});
      else if (s.kind == Kind::view)
        y[k] = view_of(x_[size_t(s.input)], s.sizes, s.strides, s.offset);
      else
        y[k] = x_[size_t(s.input)];
    }
  }

  void forward(Tensor* y) {
    std::unique_ptr<std::byte[]> scratch;
    if (specs_.scratch_bytes) scratch.reset(new std::byte[specs_.scratch_bytes]);
    Outputs outputs(y, scratch.get());
    for (size_t i = 0; i < x_.size(); ++i)
      if (needs_copy(i)) return forward_on_copies(outputs);
    type_.forward(op_, x_, outputs);
  }

  /// Whether forward cannot read input i where it is: it must be packed, or the op would overwrite
  /// it meanwhile.
  bool needs_copy(size_t i) const {
    bool packed = i < 32 && (specs_.packed_inputs >> i & 1);
    if (packed && x_[i].defined() && !x_[i].is_contiguous()) return true;
    return overlaps_write(i);
  }

  void forward_on_copies(Outputs y) {
    tensor_list copies(x_.size());
    std::vector<const Tensor*> inputs(x_.size());
    for (size_t i = 0; i < x_.size(); ++i) {
      if (needs_copy(i)) copies[i] = packed_copy(x_[i]);
      inputs[i] = copies[i].defined() ? &copies[i] : &x_[i];
    }
    type_.forward(op_, Inputs(inputs.data(), inputs.size()), y);
  }

  /// Whether input i lies on memory that is written, at other places than the written tensor's own.
  bool overlaps_write(size_t i) const {
    if (!x_[i].defined()) return false;
    const TensorImpl& x = *x_[i].impl();
    for (size_t k = 0; k < specs_.size(); ++k) {
      if (specs_[k].kind != Kind::write) continue;
      const TensorImpl& w = *x_[size_t(specs_[k].input)].impl();
      if (&w != &x && w.storage == x.storage &&
          !(w.offset == x.offset && w.sizes == x.sizes && w.strides == x.strides))
        return true;
    }
    return false;
  }

  void note_write(TensorImpl& x) const {
    if (x.untracked) return;
    ++x.storage->version;
    x.storage->writer = type_.info;
    x.storage->writer_path = thread_state.path;
  }

  void attach(Tensor* y) {
    for (size_t k = 0; k < specs_.size(); ++k) {
      TensorImpl& t = *y[k].impl();
      node_->output(k) = {t.sizes, t.dtype};
      if (!specs_[k].differentiable || !is_floating_point(t.dtype)) continue;
      bool written = specs_[k].kind == Kind::write;
      Edge base = written && t.base ? gradient_edge(*t.base) : Edge();
      if (written) {
        set_history(t, node_, uint32_t(k));
      } else {
        t.grad_fn = node_;
        t.output_nr = uint32_t(k);
      }
      if (written && t.base)
        rebase(t, base);
      else if (written)
        ++t.generation;
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
