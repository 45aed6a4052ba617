#include "autograd/kernels/reorder.h"

#include <algorithm>

#include "autograd/kernels/strided_copy.h"

namespace taper::kernels {

namespace {

/// Sizes and strides of the blocks of all images: their pixels, and the channels of each.
struct Walk {
  explicit Walk(const BlockShape& s)
      : sizes{s.block ? s.batch * s.channels / s.block : 0, s.pixels, s.block},
        plain{s.block * s.pixels, 1, s.pixels},
        blocks{s.block * s.pixels, s.block, 1} {}
  /// Bytes of an element.
  size_t element(size_t bytes) const {
    return bytes / std::max<size_t>(size_t(sizes[0] * sizes[1] * sizes[2]), 1);
  }
  Shape sizes, plain, blocks;
};

}  // namespace

void to_blocks(const BlockShape& s, size_t bytes, const void* plain, void* blocks) {
  const Walk walk(s);
  strided_copy(walk.element(bytes), walk.sizes, plain, walk.plain, blocks, walk.blocks);
}

void from_blocks(const BlockShape& s, size_t bytes, const void* blocks, void* plain) {
  const Walk walk(s);
  strided_copy(walk.element(bytes), walk.sizes, blocks, walk.blocks, plain, walk.plain);
}

}  // namespace taper::kernels
