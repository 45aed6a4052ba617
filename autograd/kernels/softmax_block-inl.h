// Rows of softmax and cross entropy in vectors, for Highway's targets. Included once a target.

#if defined(TAPER_SOFTMAX_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPER_SOFTMAX_BLOCK_INL_H_
#undef TAPER_SOFTMAX_BLOCK_INL_H_
#else
#define TAPER_SOFTMAX_BLOCK_INL_H_
#endif

#include <limits>

#include "autograd/kernels/lanes-inl.h"
#include "autograd/kernels/parallel.h"
#include "autograd/kernels/softmax.h"
#include "autograd/kernels/turned_tile.h"
#include "autograd/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// Rows that are worked on together: element c of row j lies at c * step + j. One row, whose
/// elements share a vector (step 1), or neighbouring ones, each a lane.
struct Extent {
  int64_t classes, rows, step;
  bool along() const { return step == 1; }
};

/// Rows of a block at most.
constexpr int64_t block_rows = 64;

/// exp of numbers up to 0; NaN stays NaN.
template <class D, class V>
HWY_INLINE V exp_below(D d, V x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, x));
}

/// Of each row the largest element and the sum of e = exp(x - largest); e may be left out.
template <class T>
HWY_INLINE void exp_sums(const Extent& s, const T* x, T* e, T* max, double* sum) {
  const hn::ScalableTag<T> d;
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  if (s.along()) {
    auto best = hn::Set(d, lowest);
    for_each_vector<T>(s.classes, [&](int64_t i, int64_t count) HWY_ATTR {
      best = hn::Max(best, load_part(d, x + i, count, lowest));
    });
    best = hn::MaxOfLanes(d, best);
    LaneSums<T> sums;
    for_each_vector<T>(s.classes, [&](int64_t i, int64_t count) HWY_ATTR {
      auto v = exp_below(d, hn::Sub(load_part(d, x + i, count, lowest), best));
      sums.add(v);
      if (e) store_part(d, v, e + i, count);
    });
    *max = hn::GetLane(best);
    *sum = sums.total();
    return;
  }
  for_each_vector<T>(s.rows, [&](int64_t j, int64_t count) HWY_ATTR {
    auto best = load_part(d, x + j, count);
    for (int64_t c = 1; c < s.classes; ++c)
      best = hn::Max(best, load_part(d, x + c * s.step + j, count));
    LaneSums<T> sums;
    for (int64_t c = 0; c < s.classes; ++c) {
      auto v = exp_below(d, hn::Sub(load_part(d, x + c * s.step + j, count), best));
      sums.add(v);
      if (e) store_part(d, v, e + c * s.step + j, count);
    }
    hn::StoreU(best, d, max + j);
    sums.store(sum + j);
  });
}

/// sum[j] = the sum of f(d, a, b) over row j.
template <class T, class F>
HWY_INLINE void row_sums(const Extent& s, const T* a, const T* b, double* sum, const F& f) {
  const hn::ScalableTag<T> d;
  if (s.along()) {
    LaneSums<T> sums;
    for_each_vector<T>(s.classes, [&](int64_t i, int64_t count) HWY_ATTR {
      sums.add(f(d, load_part(d, a + i, count), load_part(d, b + i, count)));
    });
    *sum = sums.total();
    return;
  }
  for_each_vector<T>(s.rows, [&](int64_t j, int64_t count) HWY_ATTR {
    LaneSums<T> sums;
    for (int64_t at = j; at < s.classes * s.step; at += s.step)
      sums.add(f(d, load_part(d, a + at, count), load_part(d, b + at, count)));
    sums.store(sum + j);
  });
}

/// y = f(d, a, b, p, q) everywhere; p and q have an element for each row.
template <class T, class F>
HWY_INLINE void map_rows(const Extent& s, const T* a, const T* b, const T* p, const T* q, T* y,
                         const F& f) {
  const hn::ScalableTag<T> d;
  auto one = [&](int64_t at, int64_t count, auto vp, auto vq) HWY_ATTR {
    auto v = f(d, load_part(d, a + at, count), load_part(d, b + at, count), vp, vq);
    store_part(d, v, y + at, count);
  };
  if (s.along()) {
    auto vp = hn::Set(d, *p), vq = hn::Set(d, *q);
    for_each_vector<T>(s.classes,
                       [&](int64_t i, int64_t count) HWY_ATTR { one(i, count, vp, vq); });
    return;
  }
  for (int64_t c = 0; c < s.classes; ++c)
    for_each_vector<T>(s.rows, [&](int64_t j, int64_t count) HWY_ATTR {
      one(c * s.step + j, count, hn::LoadU(d, p + j), hn::LoadU(d, q + j));
    });
}

/// A block of rows of packed tensors. Short rows are turned in buffers, so that each is a lane.
template <class T>
class Block {
 public:
  static constexpr int64_t few_classes = 32;
  using Buffer = T[size_t(few_classes) * size_t(block_rows)];

  static bool turns(const SoftmaxRows& r) { return r.inner == 1 && r.classes <= few_classes; }
  /// How many blocks the rows are.
  static int64_t count(const SoftmaxRows& r) {
    if (turns(r)) return (r.outer + block_rows - 1) / block_rows;
    return r.outer * ((r.inner + block_rows - 1) / block_rows);
  }
  Block(const SoftmaxRows& r, int64_t number) : turned_(turns(r)) {
    int64_t in_plane = (r.inner + block_rows - 1) / block_rows;
    first_ = turned_ ? number * block_rows
                     : number / in_plane * r.inner + number % in_plane * block_rows;
    start_ = r.start(first_);
    rows_ = std::min(block_rows, turned_ ? r.outer - first_ : r.inner - first_ % r.inner);
    extent = {r.classes, turned_ ? block_rows : rows_, turned_ ? block_rows : r.inner};
  }
  /// The rows in the tensor are these.
  int64_t first() const { return first_; }
  int64_t rows() const { return rows_; }

  const T* read(const T* x, Buffer& b) const {
    if (!turned_) return x + start_;
    if (rows_ < block_rows) std::fill_n(b, extent.classes * block_rows, T(0));
    copy_turned_tile(sizeof(T), x + start_, {extent.classes, 1, block_rows},
                     {rows_, extent.classes, 1}, b, false);
    return b;
  }
  T* write_to(T* y, Buffer& b) const { return turned_ ? b : y + start_; }
  void written(T* y, const Buffer& b) const {
    if (turned_)
      copy_turned_tile(sizeof(T), b, {rows_, 1, extent.classes}, {extent.classes, block_rows, 1},
                       y + start_, false);
  }

  Extent extent;

 private:
  bool turned_;
  int64_t first_, start_, rows_;
};

/// Calls f(block) for all rows, on several threads; an element costs so many nanoseconds.
template <class T, class F>
void for_each_block(const SoftmaxRows& rows, double element, const F& f) {
  int64_t blocks = Block<T>::count(rows);
  if (rows.classes == 0 || blocks == 0) return;
  double each = element * double(rows.count() * rows.classes) / double(blocks);
  parallel_for(blocks, grain_for(each), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(Block<T>(rows, i));
  });
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
