#pragma once

#include <array>

#include "autograd/kernels/parallel.h"
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

/// The dimensions along which N operands are walked, in row-major order: neighbouring ones that all
/// operands step through evenly are one, those of size 1 are left out.
template <size_t N>
class Walk {
 public:
  Walk(IntList sizes, const std::array<Shape, N>& strides) {
    for (size_t d = 0; d < sizes.size(); ++d) {
      count_ *= sizes[d];
      if (sizes[d] == 1) continue;
      if (!sizes_.empty() && merges(sizes[d], strides, d))
        sizes_.back() *= sizes[d];
      else
        sizes_.push_back(sizes[d]);
      for (size_t k = 0; k < N; ++k) {
        if (strides_[k].size() < sizes_.size()) strides_[k].push_back(0);
        strides_[k].back() = strides[k][d];
      }
    }
    if (sizes_.empty()) sizes_ = {1};
    for (Shape& s : strides_)
      if (s.empty()) s = {0};
  }
  int64_t count() const { return count_; }
  /// Whether one operand's elements lie evenly, one `step` apart.
  bool is_line() const { return N == 1 && sizes_.size() == 1; }
  int64_t step() const { return strides_[0].back(); }

  /// Calls inner(offsets, count, steps) for each run of the elements [begin, end) along the last
  /// dimension: for each operand, where the run starts and how far apart its elements are.
  template <class F>
  void run(int64_t begin, int64_t end, F& inner) const {
    if (begin >= end) return;
    std::array<int64_t, N> offsets{}, steps{};
    for (size_t k = 0; k < N; ++k) steps[k] = strides_[k].back();
    Shape index(sizes_.size(), 0);
    int64_t rest = begin;
    for (size_t d = index.size(); rest && d-- > 0; rest /= sizes_[d]) {
      index[d] = rest % sizes_[d];
      for (size_t k = 0; k < N; ++k) offsets[k] += index[d] * strides_[k][d];
    }
    while (true) {
      int64_t n = std::min(sizes_.back() - index.back(), end - begin);
      inner(offsets, n, steps);
      if ((begin += n) == end) return;
      for (size_t k = 0; k < N; ++k) offsets[k] -= index.back() * steps[k];
      index.back() = 0;
      next_run(index, offsets);
    }
  }

 private:
  bool merges(int64_t size, const std::array<Shape, N>& strides, size_t d) const {
    for (size_t k = 0; k < N; ++k)
      if (strides_[k].back() != strides[k][d] * size) return false;
    return true;
  }
  void next_run(Shape& index, std::array<int64_t, N>& offsets) const {
    for (size_t d = index.size() - 1; d-- > 0;) {
      for (size_t k = 0; k < N; ++k) offsets[k] += strides_[k][d];
      if (++index[d] < sizes_[d]) return;
      for (size_t k = 0; k < N; ++k) offsets[k] -= strides_[k][d] * sizes_[d];
      index[d] = 0;
    }
  }

  Shape sizes_;
  std::array<Shape, N> strides_;
  int64_t count_ = 1;
};

/// Walks `sizes` in row-major order and calls inner(offsets, count, steps) for each run along the
/// last dimension: for N operands, where the run starts and how far apart its elements are, in
/// elements.
template <size_t N, class F>
void strided_loop(IntList sizes, const std::array<Shape, N>& strides, F&& inner) {
  Walk<N> walk(sizes, strides);
  walk.run(0, walk.count(), inner);
}

/// The same on several threads, where there is enough to do for them.
template <size_t N, class F>
void parallel_strided_loop(IntList sizes, const std::array<Shape, N>& strides, const F& inner) {
  Walk<N> walk(sizes, strides);
  parallel_for(walk.count(), parallel_grain,
               [&](int64_t begin, int64_t end) { walk.run(begin, end, inner); });
}

}  // namespace taper::kernels
