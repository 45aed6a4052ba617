#include "autograd/tensor/blocks.h"

#include "autograd/kernels/reorder.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper {

static BlockShape block_shape(const TensorImpl& x, int64_t block) {
  int64_t images = x.sizes[0] * x.sizes[1];
  return {x.sizes[0], x.sizes[1], images ? x.numel / images : 0, block};
}

int64_t block_of(const Tensor& t) {
  if (!t.defined()) return 0;
  const TensorImpl& x = *t.impl();
  if (!x.storage->in_blocks.load(std::memory_order_acquire)) return 0;
  const BlockShape& s = x.storage->blocks->shape;
  bool whole = x.offset == 0 && x.contiguous && x.sizes.size() >= 2 &&
               size_t(x.numel) * info(x.dtype).size == x.storage->bytes &&
               block_shape(x, s.block) == s;
  return whole ? s.block : 0;
}

Buffer in_blocks(const Tensor& t) {
  const TensorImpl& x = *t.impl();
  TAPER_ASSERT(x.storage->blocks);
  return {x.storage->blocks->data, x.sizes, x.strides, x.numel, x.dtype, x.contiguous};
}

Tensor copied_to_blocks(const Tensor& t, int64_t block) {
  TAPER_ASSERT(t.is_contiguous());
  Tensor y = empty(t.sizes(), {.dtype = t.dtype()});
  const Storage& to = *y.impl()->storage;
  kernels::to_blocks(block_shape(*y.impl(), block), to.bytes, plain(t).data, to.data);
  put_in_blocks(y, block);
  return y;
}

void put_in_blocks(const Tensor& t, int64_t block) {
  TensorImpl& x = *t.impl();
  TAPER_ASSERT(x.contiguous && x.offset == 0 && x.sizes.size() >= 2 && x.sizes[1] % block == 0);
  x.storage->put_in_blocks(block_shape(x, block));
}

}  // namespace taper
