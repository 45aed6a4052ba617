#pragma once

#include "autograd/kernels/strided_loop.h"

namespace taper::kernels {

/// Dimensions of a tensor, a bit each.
using DimMask = uint32_t;
static_assert(max_dims <= 32);
inline bool has(DimMask mask, size_t d) { return mask >> d & 1; }

/// A reduction as two nested walks: `kept` dimensions, one output element each, and `reduced` ones.
struct Reduction {
  Shape kept_sizes, kept_strides;
  Shape reduced_sizes, reduced_strides;
  int64_t outputs = 1, count = 1;

  Reduction(const Buffer& x, DimMask reduced) {
    for (size_t d = 0; d < x.sizes.size(); ++d) {
      (has(reduced, d) ? reduced_sizes : kept_sizes).push_back(x.sizes[d]);
      (has(reduced, d) ? reduced_strides : kept_strides).push_back(x.strides[d]);
      (has(reduced, d) ? count : outputs) *= x.sizes[d];
    }
  }
  /// Walks the reduced dimensions as they lie in memory, where their order does not matter.
  void sort_reduced() {
    for (size_t d = 1; d < reduced_sizes.size(); ++d)
      for (size_t k = d; k > 0 && reduced_strides[k - 1] < reduced_strides[k]; --k) {
        std::swap(reduced_strides[k - 1], reduced_strides[k]);
        std::swap(reduced_sizes[k - 1], reduced_sizes[k]);
      }
  }
  /// Where output element `flat` starts in x.
  int64_t start(int64_t flat) const {
    if (kept_sizes.size() == 1) return flat * kept_strides[0];
    int64_t at = 0;
    for (size_t d = kept_sizes.size(); d-- > 0; flat /= kept_sizes[d])
      at += flat % kept_sizes[d] * kept_strides[d];
    return at;
  }
  /// Whether neighbouring outputs lie closer together than what is folded.
  bool outputs_inside() const {
    return !kept_sizes.empty() && !reduced_sizes.empty() &&
           kept_strides.back() < reduced_strides.back();
  }
  /// How many outputs from `flat` on lie one behind the other in the last kept dimension; 1 if
  /// they lie farther apart than what is folded.
  int64_t side_by_side(int64_t flat) const {
    return outputs_inside() ? kept_sizes.back() - flat % kept_sizes.back() : 1;
  }
};

/// y[i] = finish(fold of the reduced elements of x), written to y, which is packed. One output
/// after the other or, where that follows the memory, neighbouring ones together. Few outputs of
/// many elements are folded in blocks. The order of folding depends on x's geometry alone, not on
/// the threads.
///
/// Fold: type Acc; init(); run(acc, x, n, step) folds n elements; rows(accs, x, rows, step, n,
/// apart) folds rows of n elements into as many accs; merge(acc, other).
template <class T, class Y, class Fold, class Finish>
class Folding {
 public:
  Folding(const Buffer& x, const Buffer& y, const Reduction& r, Fold fold, Finish finish)
      : r_(r),
        walk_(r.reduced_sizes, {r.reduced_strides}),
        inside_(r.outputs_inside()),
        x_(x.as<T>()),
        y_(y.as<Y>()),
        fold_(fold),
        finish_(finish) {}

  void run() const {
    int64_t blocks = std::min(most_partials / std::max<int64_t>(r_.outputs, 1),
                              r_.outputs * r_.count / (2 * parallel_grain));
    if (r_.outputs >= enough_outputs || blocks < 2)
      return in_blocks(1, [&](int64_t i, int64_t n, const Acc* acc) {
        for (int64_t j = 0; j < n; ++j) y_[i + j] = finish_(acc[j]);
      });
    blocks = std::min(blocks, most_blocks);
    Acc partial[most_partials];
    in_blocks(blocks,
              [&](int64_t i, int64_t n, const Acc* acc) { std::copy_n(acc, n, partial + i); });
    for (int64_t i = 0; i < r_.outputs; ++i) {
      for (int64_t b = 1; b < blocks; ++b) fold_.merge(partial[i], partial[b * r_.outputs + i]);
      y_[i] = finish_(partial[i]);
    }
  }

 private:
  using Acc = typename Fold::Acc;
  /// Outputs that are folded together.
  static constexpr int64_t width = 1024;
  /// Elements that are folded before they are merged: sums of many keep their digits.
  static constexpr int64_t chunk = 4096;
  static constexpr int64_t enough_outputs = 256, most_blocks = 64, most_partials = 2048;

  /// Calls done(block * outputs + i, n, accs) with n outputs from i on, folded over a block.
  template <class Done>
  void in_blocks(int64_t blocks, const Done& done) const {
    double each = cost::sum * double(r_.count) / double(blocks);
    parallel_for(blocks * r_.outputs, grain_for(each), [&](int64_t begin, int64_t end) {
      Acc acc[width];
      for (int64_t n = 0; begin < end; begin += n) {
        int64_t block = blocks == 1 ? 0 : begin / r_.outputs, i = begin - block * r_.outputs;
        n = inside_ ? std::min({end - begin, width, r_.side_by_side(i)}) : 1;
        fold_range(i, n, r_.count * block / blocks, r_.count * (block + 1) / blocks, acc);
        done(begin, n, acc);
      }
    });
  }
  void fold_range(int64_t i, int64_t n, int64_t begin, int64_t end, Acc* acc) const {
    const T* from = x_ + r_.start(i);
    fold_chunk(from, n, begin, std::min(begin + chunk, end), acc);
    if (begin + chunk >= end) return;
    Acc more[width];
    for (begin += chunk; begin < end; begin += chunk) {
      fold_chunk(from, n, begin, std::min(begin + chunk, end), more);
      for (int64_t j = 0; j < n; ++j) fold_.merge(acc[j], more[j]);
    }
  }
  void fold_chunk(const T* from, int64_t n, int64_t begin, int64_t end, Acc* acc) const {
    std::fill_n(acc, n, fold_.init());
    if (!inside_ && walk_.is_line())
      return fold_.run(*acc, from + begin * walk_.step(), end - begin, walk_.step());
    auto inner = [&](const auto& at, int64_t count, const auto& step) {
      if (inside_)
        fold_.rows(acc, from + at[0], count, step[0], n, r_.kept_strides.back());
      else
        fold_.run(*acc, from + at[0], count, step[0]);
    };
    walk_.run(begin, end, inner);
  }

  Reduction r_;
  Walk<1> walk_;
  bool inside_;
  const T* x_;
  Y* y_;
  Fold fold_;
  Finish finish_;
};

template <class T, class Y, class Fold, class Finish>
void reduce(const Buffer& x, const Buffer& y, DimMask reduced, Fold fold, Finish finish) {
  Reduction r(x, reduced);
  r.sort_reduced();
  Folding<T, Y, Fold, Finish>(x, y, r, fold, finish).run();
}

}  // namespace taper::kernels
