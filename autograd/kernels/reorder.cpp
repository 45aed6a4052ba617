#include "autograd/kernels/reorder.h"

#include "autograd/kernels/parallel.h"
#include "autograd/tensor/error.h"

namespace taper::kernels {

namespace {

/// Calls f(where a block's channels start in plain memory, where the block starts) for a part of
/// the blocks, on several threads. Both are in the same place.
template <class F>
void for_each_block(const BlockShape& s, const F& f) {
  int64_t size = s.block * s.pixels;
  int64_t blocks = size ? s.batch * (s.channels / s.block) : 0;
  parallel_for(blocks, grain_for(cost::turned_copy * double(size)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) f(i * size);
               });
}

/// One block; its channels are `fixed`, or as many as `block` says if that is 0.
template <class T, int64_t fixed>
void to_block(const T* channels, int64_t pixels, int64_t block, T* out) {
  const int64_t n = fixed ? fixed : block;
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t c = 0; c < n; ++c) out[p * n + c] = channels[c * pixels + p];
}

template <class T, int64_t fixed>
void from_block(const T* in, int64_t pixels, int64_t block, T* channels) {
  constexpr int64_t strip = 16;  // a cache line of each channel at a time
  const int64_t n = fixed ? fixed : block;
  for (int64_t first = 0; first < pixels; first += strip)
    for (int64_t c = 0; c < n; ++c)
      for (int64_t p = first; p < std::min(first + strip, pixels); ++p)
        channels[c * pixels + p] = in[p * n + c];
}

/// Calls f with a value of an unsigned type of an element's size, and the block as a constant where
/// it is one that convolutions want.
template <class F>
void for_type(const BlockShape& s, size_t bytes, const F& f) {
  size_t elements = size_t(s.batch * s.channels * s.pixels);
  if (elements == 0) return;
  auto with_block = [&](auto t) {
    if (s.block == 16) return f(t, std::integral_constant<int64_t, 16>());
    if (s.block == 8) return f(t, std::integral_constant<int64_t, 8>());
    f(t, std::integral_constant<int64_t, 0>());
  };
  size_t size = bytes / elements;
  TAPER_ASSERT(size == 1 || size == 4 || size == 8);
  if (size == 1) with_block(uint8_t());
  if (size == 4) with_block(uint32_t());
  if (size == 8) with_block(uint64_t());
}

}  // namespace

void to_blocks(const BlockShape& s, size_t bytes, const void* plain, void* blocks) {
  for_type(s, bytes, [&](auto t, auto block) {
    using T = decltype(t);
    for_each_block(s, [&](int64_t at) {
      to_block<T, block()>(static_cast<const T*>(plain) + at, s.pixels, s.block,
                           static_cast<T*>(blocks) + at);
    });
  });
}

void from_blocks(const BlockShape& s, size_t bytes, const void* blocks, void* plain) {
  for_type(s, bytes, [&](auto t, auto block) {
    using T = decltype(t);
    for_each_block(s, [&](int64_t at) {
      from_block<T, block()>(static_cast<const T*>(blocks) + at, s.pixels, s.block,
                             static_cast<T*>(plain) + at);
    });
  });
}

}  // namespace taper::kernels
