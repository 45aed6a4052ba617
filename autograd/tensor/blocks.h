#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "autograd/tensor/ref.h"

namespace taper {

/// How elements lie in blocks: [batch, channels / block, pixels, block], where plain memory is
/// [batch, channels, pixels]. Convolutions are fastest so.
struct BlockShape {
  int64_t batch = 0, channels = 0, pixels = 0, block = 0;
  bool operator==(const BlockShape&) const = default;
};

/// Memory in blocks.
struct Blocks : RefCounted {
  Blocks(const BlockShape& s, void* memory, size_t size) : shape(s), data(memory), bytes(size) {}
  ~Blocks();

  const BlockShape shape;
  void* const data;
  const size_t bytes;
  std::once_flag once;  ///< of making the elements plain
};

void destroy(Blocks* blocks) noexcept;

class Tensor;
struct Buffer;

/// Channels of a block of t, which lies in blocks as a whole; 0 if it is plain, or a part of what
/// lies in blocks. Another thread may make t plain at any time; its blocks stay.
int64_t block_of(const Tensor& t);
/// t's memory in blocks; block_of(t) must have been more than 0.
Buffer in_blocks(const Tensor& t);
/// A copy of t, which is packed, in blocks.
Tensor copied_to_blocks(const Tensor& t, int64_t block);
/// A fresh tensor [batch, channels, ..] that lies in blocks from now on.
void put_in_blocks(const Tensor& t, int64_t block);

}  // namespace taper
