#pragma once

#include "autograd/tensor/blocks.h"

namespace taper::kernels {

// Between plain memory and blocks, for elements of any size; `bytes` is that of all of them.

void to_blocks(const BlockShape& s, size_t bytes, const void* plain, void* blocks);
void from_blocks(const BlockShape& s, size_t bytes, const void* blocks, void* plain);

}  // namespace taper::kernels
