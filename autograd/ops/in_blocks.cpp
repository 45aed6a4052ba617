#include "autograd/ops/in_blocks.h"

#include <array>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

namespace {

using Kind = OutputSpec::Kind;
constexpr size_t most = 4;  ///< operands that a pointwise op has

bool is_number(const Tensor& t) { return !t.defined() || t.dim() == 0; }

/// The block that operands and results can share; 0 if there is none.
int64_t common_block(Inputs x, Outputs y, Specs& specs) {
  if (x.size() > most || specs.size() > most) return 0;
  int64_t block = taper::common_block(x);
  if (!block) return 0;
  for (size_t i = 0; i < x.size(); ++i)
    if (!is_number(x[i]) && !(x[i].sizes() == y[0].sizes())) return 0;
  for (size_t k = 0; k < specs.size(); ++k) {
    bool takes_it = specs[k].kind == Kind::fresh || block_of(y[k]) == block;
    if (!takes_it || !(y[k].sizes() == y[0].sizes())) return 0;
  }
  return block;
}

/// The blocks of t, as if they were plain memory.
Tensor raw_blocks(const Tensor& t) {
  auto raw = Ref<TensorImpl>::first(new TensorImpl(static_cast<const TensorData&>(*t.impl())));
  raw->storage = Storage::create(in_blocks(t).data, raw->storage->bytes, nullptr);
  return Tensor(std::move(raw));
}

}  // namespace

int64_t common_block(Inputs x) {
  int64_t block = 0;
  const Tensor* first = nullptr;
  for (size_t i = 0; i < x.size() && !block; ++i) block = block_of(x[i]);
  for (size_t i = 0; i < x.size() && block; ++i) {
    if (is_number(x[i])) continue;
    if (!first) first = &x[i];
    if (!(x[i].sizes() == first->sizes()) || !x[i].is_contiguous()) return 0;
  }
  return block;
}

bool can_take(const Tensor& t, IntList sizes, Dtype dtype, int64_t block) {
  if (!t.defined()) return false;
  const TensorImpl& x = *t.impl();
  return x.dtype == dtype && IntList(x.sizes) == sizes && x.nbytes() == x.storage->bytes &&
         x.inference == thread_state.inference && is_sole_owner(t) && block_of(t) == block;
}

Buffer memory_in(int64_t block, const Tensor& t, Tensor& copy) {
  if (!block || is_number(t)) return plain(t);
  if (block_of(t) == block) return in_blocks(t);
  copy = copied_to_blocks(t, block);
  return in_blocks(copy);
}

bool forward_in_blocks(const OpType& type, const void* op, Inputs x, Outputs y, Specs& specs) {
  int64_t block = common_block(x, y, specs);
  if (!block) return false;
  std::array<Tensor, most> copies, from, to;
  std::array<const Tensor*, most> inputs{};
  for (size_t i = 0; i < x.size(); ++i) {
    inputs[i] = &x[i];
    if (is_number(x[i])) continue;
    copies[i] = block_of(x[i]) == block ? x[i] : copied_to_blocks(x[i], block);
    from[i] = raw_blocks(copies[i]);
    inputs[i] = &from[i];
  }
  for (size_t k = 0; k < specs.size(); ++k) {
    if (block_of(y[k]) != block) put_in_blocks(y[k], block);
    to[k] = raw_blocks(y[k]);
  }
  type.forward(op, Inputs(inputs.data(), x.size()), Outputs(to.data(), y.scratch(), y.choice()));
  return true;
}

}  // namespace taper
