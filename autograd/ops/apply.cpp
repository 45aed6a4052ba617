#include <algorithm>

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/view.h"
#include "autograd/kernels/strided_copy.h"
#include "autograd/ops/in_blocks.h"
#include "autograd/ops/op.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/scratch.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

using Kind = OutputSpec::Kind;

OutputSpec& Specs::next(Kind kind, int input) {
  if (size_ == few) more_.assign(specs_, specs_ + few);
  if (size_ >= few) more_.emplace_back();
  ++size_;
  OutputSpec& s = begin()[size_ - 1];
  s.kind = kind;
  s.input = input;
  return s;
}

OutputSpec& Specs::fresh(IntList sizes, Dtype dtype) {
  if (in_place_ && size_ == 0) return write_first_input(sizes, dtype);
  OutputSpec& s = next(Kind::fresh, -1);
  auto y = Ref<TensorImpl>::first(new TensorImpl);
  y->dtype = dtype;
  y->set_packed(sizes, name_);
  y->inference = thread_state.inference;
  s.tensor = Tensor(std::move(y));
  return s;
}

OutputSpec& Specs::view(int input, const Shape& sizes, const Shape& strides, int64_t offset) {
  numel(sizes, name_);  // throws if it is too large
  OutputSpec& s = next(Kind::view, input);
  s.tensor = view_of(inputs_[size_t(input)], sizes, strides, offset);
  return s;
}

OutputSpec& Specs::write(int input) {
  writes_ = true;
  OutputSpec& s = next(Kind::write, input);
  s.tensor = inputs_[size_t(input)];
  return s;
}

OutputSpec& Specs::write_first_input(IntList sizes, Dtype dtype) {
  const Tensor& x = inputs_[0];
  if (!(sizes == x.sizes()))
    fail(name_, "in place, the result has shape {}; expected the tensor's own {}", sizes,
         x.sizes());
  if (dtype != x.dtype())
    fail(name_, "in place, the result is {}; expected the tensor's own {}", dtype, x.dtype());
  return write(0);
}

namespace {

bool wants_gradient(const Tensor& t) { return t.defined() && wants_gradient(*t.impl()); }

bool same_places(const TensorImpl& a, const TensorImpl& b) {
  return a.offset == b.offset && a.sizes == b.sizes && a.strides == b.strides;
}

/// x's values in packed memory of their own, not recorded.
Tensor packed_copy(const Tensor& x) {
  Tensor y = empty(x.sizes(), {.dtype = x.dtype()});
  kernels::strided_copy(plain(x), plain(y));
  return y;
}

/// The inputs that an op writes, to ask for one after the other.
class Written {
 public:
  Written(Specs& specs, Inputs x) {
    for (const OutputSpec& s : specs)
      if (s.kind == Kind::write) list_.push_back({x[size_t(s.input)].impl(), s.input});
    std::sort(list_.begin(), list_.end(),
              [](const Entry& a, const Entry& b) { return a.storage() < b.storage(); });
  }

  /// Whether forward would overwrite input i before it has read it. An op knows of the inputs that
  /// it writes; of others on the same memory only pointwise ops may read the very places they
  /// write.
  bool overlaps(size_t i, const TensorImpl& x, bool pointwise) const {
    const Storage* storage = x.storage.get();
    auto e = std::lower_bound(list_.begin(), list_.end(), storage,
                              [](const Entry& e, const Storage* s) { return e.storage() < s; });
    bool overlaps = false;
    for (; e != list_.end() && e->storage() == storage; ++e) {
      if (e->input == int(i)) return false;
      overlaps |= !(pointwise && same_places(*e->tensor, x));
    }
    return overlaps;
  }

 private:
  struct Entry {
    const TensorImpl* tensor;
    int input;
    const Storage* storage() const { return tensor->storage.get(); }
  };
  memory::vector<Entry> list_;
};

/// One call of apply, in the order of its steps.
class Application {
 public:
  Application(const OpType& type, const void* op, Inputs inputs, bool in_place)
      : type_(type), op_(op), x_(inputs), specs_(type.info->name, inputs, in_place) {}

  void run(Tensor* y) {
    type_.infer(op_, x_, specs_);
    bool recorded = wants_recording();
    each_written([&](TensorImpl& x) { check_writable(type_, x, recorded); });
    if (recorded) prepare_node();
    make_outputs(y);
    if (type_.forward) forward(y);
    each_written([&](TensorImpl& x) { note_write(x, *type_.info); });
    if (node_) attach(y);
  }

 private:
  template <class F>
  void each_written(F f) {
    if (!specs_.writes()) return;
    for (const OutputSpec& s : specs_)
      if (s.kind == Kind::write) f(*x_[size_t(s.input)].impl());
  }

  size_t differentiable_inputs() const {
    return type_.backward ? x_.size() : std::min(size_t(type_.rules), x_.size());
  }

  bool wants_recording() {
    if (!thread_state.recording()) return false;
    for (size_t i = 0; i < differentiable_inputs(); ++i)
      if (wants_gradient(x_[i])) return any_differentiable();
    bool recorded = false;  // the history of what is written ends here
    each_written([&](TensorImpl& x) { recorded |= wants_gradient(x); });
    return recorded;
  }

  bool any_differentiable() {
    return std::any_of(specs_.begin(), specs_.end(), [](const OutputSpec& s) {
      return s.differentiable && s.tensor.is_floating_point();
    });
  }

  void prepare_node() {
    uint32_t keep_inputs = 0;
    size_t edges = differentiable_inputs();
    for (size_t i = 0; i < edges; ++i) {
      if (!wants_gradient(x_[i])) continue;
      const Rule& rule = type_.grads[type_.backward ? 0 : i];
      keep_inputs |= rule.inputs;
      keep_outputs_ |= rule.outputs;
    }
    size_t saved = 0;
    for (uint32_t m : {keep_inputs, keep_outputs_})
      for (; m; m &= m - 1) ++saved;
    node_ = Node::create(type_, op_, edges, specs_.size(), saved);
    for (size_t i = 0; i < edges; ++i)
      if (x_[i].defined()) node_->edge(i) = gradient_edge(*x_[i].impl());
    for (int i = 0; keep_inputs; ++i, keep_inputs >>= 1)
      if (keep_inputs & 1) save_input(size_t(i));
  }

  /// Saves input i, or a copy of it if the op is about to write to its memory. A leaf stays itself:
  /// backward will say that it was overwritten.
  void save_input(size_t i) {
    const Tensor& x = x_[i];
    bool is_leaf = i < node_->inputs() && node_->edge(i).leaf;
    if (is_leaf || !shares_written_memory(x)) return node_->save(x, int(i), false);
    NoGradGuard no_grad;
    node_->save(x.clone(), int(i), false);
  }

  bool shares_written_memory(const Tensor& x) {
    bool shares = false;
    if (specs_.writes() && x.defined())
      each_written([&](TensorImpl& w) { shares |= w.storage == x.impl()->storage; });
    return shares;
  }

  void make_outputs(Tensor* y) {
    for (OutputSpec& s : specs_) {
      TensorImpl& t = *s.tensor.impl();
      if (s.kind == Kind::fresh) {
        if (x_.spare()) t.storage = spare_storage(t);
        if (!t.storage) t.storage = Storage::create(t.nbytes(), type_.info);
      }
      if (s.block) put_in_blocks(s.tensor, s.block);
      *y++ = std::move(s.tensor);
    }
  }

  /// The memory of a spare input of a pointwise op's only result y, if y can take it; else null.
  Ref<Storage> spare_storage(const TensorImpl& y) const {
    if (!type_.info->pointwise || specs_.size() != 1) return {};
    int64_t block = any_in_blocks(x_) ? common_block(x_) : 0;
    for (size_t i = 0; i < x_.size(); ++i) {
      if (!named(x_.spare(), i) || !can_take(x_[i], y.sizes, y.dtype, block)) continue;
      const Ref<Storage>& storage = x_[i].impl()->storage;
      storage->start_anew(type_.info);
      return storage;
    }
    return {};
  }

  void forward(Tensor* y) {
    Scratch scratch(specs_.scratch_bytes);
    Outputs outputs(y, scratch.data(), specs_.choice);
    std::vector<uint8_t> copied = inputs_to_copy();
    if (!copied.empty()) return forward_on_copies(copied, outputs);
    if (type_.info->pointwise && any_in_blocks(x_) &&
        forward_in_blocks(type_, op_, x_, outputs, specs_))
      return;
    type_.forward(op_, x_, outputs);
  }

  static bool named(uint32_t inputs, size_t i) { return i < 32 && (inputs >> i & 1); }

  /// Whether input i must lie in blocks and does not.
  bool misses_blocks(size_t i) const {
    return named(specs_.blocked_inputs, i) && block_of(x_[i]) != specs_.input_block;
  }

  void forward_on_copies(const std::vector<uint8_t>& copied, Outputs y) {
    tensor_list copies(x_.size());
    std::vector<const Tensor*> inputs(x_.size());
    for (size_t i = 0; i < x_.size(); ++i) {
      if (copied[i]) copies[i] = copy(i);
      inputs[i] = copied[i] ? &copies[i] : &x_[i];
    }
    type_.forward(op_, Inputs(inputs.data(), inputs.size()), y);
  }

  /// Which inputs forward cannot read where they are: they must be packed or lie in blocks, or the
  /// op would overwrite them meanwhile. Empty: none.
  std::vector<uint8_t> inputs_to_copy() {
    std::vector<uint8_t> copied;
    if (!specs_.writes() && !specs_.packed_inputs && !specs_.blocked_inputs) return copied;
    Written written(specs_, x_);
    for (size_t i = 0; i < x_.size(); ++i) {
      if (!x_[i].defined()) continue;
      bool strided = named(specs_.packed_inputs, i) && !x_[i].is_contiguous();
      if (!strided && !misses_blocks(i) &&
          !written.overlaps(i, *x_[i].impl(), type_.info->pointwise))
        continue;
      copied.resize(x_.size());
      copied[i] = true;
    }
    return copied;
  }

  Tensor copy(size_t i) const {
    if (!misses_blocks(i)) return packed_copy(x_[i]);
    return copied_to_blocks(x_[i].is_contiguous() ? x_[i] : packed_copy(x_[i]), specs_.input_block);
  }

  void attach(Tensor* y) {
    for (int k = 0; keep_outputs_; ++k, keep_outputs_ >>= 1)
      if (keep_outputs_ & 1) node_->save(y[k], k, true);
    size_t last = specs_.size() - 1;
    for (size_t k = 0; k <= last; ++k) {
      TensorImpl& t = *y[k].impl();
      node_->output(k) = {t.sizes, t.dtype};
      if (specs_[k].differentiable && is_floating_point(t.dtype))
        join_history(t, k == last ? std::move(node_) : node_, uint32_t(k),
                     specs_[k].kind == Kind::write);
    }
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
  Application(type, op, inputs, in_place).run(outputs);
}

}  // namespace taper
