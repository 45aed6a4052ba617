#include "autograd/kernels/reorder.h"

#include "autograd/kernels/strided_copy.h"
#include "autograd/tensor/error.h"

namespace taper::kernels {

namespace {

/// Sizes and strides of the blocks of all images: their pixels, and the channels of each.
struct BlockStrides {
  explicit BlockStrides(const BlockShape& s)
      : sizes{s.block ? s.batch * s.channels / s.block : 0, s.pixels, s.block},
        plain{s.block * s.pixels, 1, s.pixels},
        blocks{s.block * s.pixels, s.block, 1} {}
  /// Bytes of an element, of so many in all.
  size_t element(size_t bytes) const {
    const auto elements = size_t(sizes[0] * sizes[1] * sizes[2]);
    if (elements == 0) return 1;
    TAPER_ASSERT(bytes == elements || bytes == 4 * elements || bytes == 8 * elements);
    return bytes / elements;
  }
  Shape sizes, plain, blocks;
};

}  // namespace

void to_blocks(const BlockShape& s, size_t bytes, const void* plain, void* blocks) {
  const BlockStrides b(s);
  strided_copy(b.element(bytes), b.sizes, plain, b.plain, blocks, b.blocks);
}

void from_blocks(const BlockShape& s, size_t bytes, const void* blocks, void* plain) {
  const BlockStrides b(s);
  strided_copy(b.element(bytes), b.sizes, blocks, b.blocks, plain, b.plain);
}

}  // namespace taper::kernels
