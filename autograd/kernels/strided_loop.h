#pragma once

#include <array>

#include "autograd/tensor/buffer.h"

namespace taper::kernels {

/// Strides of b seen through a broadcast to `sizes`: 0 along dimensions that b repeats.
inline Shape broadcast_strides(const Buffer& b, IntList sizes) {
  Shape out(sizes.size(), 0);
  size_t lead = sizes.size() - b.sizes.size();
  for (size_t d = 0; d < b.sizes.size(); ++d)
    if (b.sizes[d] != 1) out[lead + d] = b.strides[d];
  return out;
}

/// Walks `sizes` in row-major order and calls inner(offsets, count, steps) for each run along the
/// last dimension: for N operands, where the run starts and how far apart its elements are, in
/// elements. Neighbouring dimensions that all operands step through evenly are walked as one.
template <size_t N, class F>
void strided_loop(IntList sizes, std::array<Shape, N> strides, F&& inner) {
  Shape s;
  std::array<Shape, N> st;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 0) return;
    if (sizes[d] == 1) continue;
    bool merges = !s.empty();
    for (size_t k = 0; merges && k < N; ++k) merges = st[k].back() == strides[k][d] * sizes[d];
    if (merges) {
      s.back() *= sizes[d];
      for (size_t k = 0; k < N; ++k) st[k].back() = strides[k][d];
    } else {
      s.push_back(sizes[d]);
      for (size_t k = 0; k < N; ++k) st[k].push_back(strides[k][d]);
    }
  }
  std::array<int64_t, N> offsets{}, steps{};
  if (s.empty()) return void(inner(offsets, int64_t(1), steps));
  size_t last = s.size() - 1;
  for (size_t k = 0; k < N; ++k) steps[k] = st[k][last];
  Shape index(last, 0);
  while (true) {
    inner(offsets, s[last], steps);
    size_t d = last;
    while (d-- > 0) {
      for (size_t k = 0; k < N; ++k) offsets[k] += st[k][d];
      if (++index[d] < s[d]) break;
      for (size_t k = 0; k < N; ++k) offsets[k] -= st[k][d] * s[d];
      index[d] = 0;
    }
    if (d == size_t(-1)) return;
  }
}

}  // namespace taper::kernels
