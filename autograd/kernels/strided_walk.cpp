#include "autograd/kernels/strided_walk.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "autograd/kernels/packed_loop.h"

namespace taper::kernels {

template <class F>
static void of_size(size_t size, F f) {
  if (size == 1) return f(uint8_t());
  if (size == 4) return f(uint32_t());
  f(uint64_t());
}

template <class U>
static void fill(U* to, U value, int64_t n) {
  auto f = [value] { return value; };
  static const PackedLoop loop = packed_loop<decltype(f), U>();
  loop(&f, to, nullptr, n);
}

void gather(void* to, const void* from, const StridedRows& r, size_t size) {
  of_size(size, [&](auto unit) {
    using U = decltype(unit);
    auto* y = static_cast<U*>(to);
    auto* x = static_cast<const U*>(from);
    for (int64_t i = 0; i < r.rows; ++i, x += r.stride, y += r.n) {
      if (r.n >= 16 && r.step == 1)
        std::memcpy(y, x, size_t(r.n) * size);
      else if (r.n >= 16 && r.step == 0)
        fill(y, *x, r.n);
      else
        for (int64_t j = 0; j < r.n; ++j) y[j] = x[j * r.step];
    }
  });
}

void scatter(void* to, const void* from, const StridedRows& r, size_t size) {
  of_size(size, [&](auto unit) {
    using U = decltype(unit);
    auto* y = static_cast<U*>(to);
    auto* x = static_cast<const U*>(from);
    for (int64_t i = 0; i < r.rows; ++i, x += r.n, y += r.stride)
      for (int64_t j = 0; j < r.n; ++j) y[j * r.step] = x[j];
  });
}

/// The dimensions in the order of b's memory, the widest steps first.
static Shape memory_order(const Buffer& b) {
  Shape order(b.sizes.size(), 0);
  std::iota(order.begin(), order.end(), 0);
  if (!b.contiguous)
    std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
      return std::abs(b.strides[size_t(i)]) > std::abs(b.strides[size_t(j)]);
    });
  return order;
}

static Shape ordered(IntList values, const Shape& order) {
  Shape out;
  for (int64_t d : order) out.push_back(values[size_t(d)]);
  return out;
}

StridedWalk::StridedWalk(const Buffer& y, std::span<const Buffer* const> x) {
  Shape order = memory_order(y);
  Strides strides;
  auto add = [&](const Buffer& b) {
    strides[count_] = ordered(broadcast_strides(b, y.sizes), order);
    operands_[count_].data = b.as<std::byte>();
    operands_[count_++].size = info(b.dtype).size;
  };
  add(y);
  for (const Buffer* b : x) add(*b);
  merge(ordered(y.sizes, order), strides);
  for (size_t k = 0; k < count_; ++k) find_forms(operands_[k]);
}

void StridedWalk::merge(IntList sizes, const Strides& strides) {
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 1) continue;
    bool merged = !sizes_.empty() && merges(sizes[d], strides, d);
    if (merged)
      sizes_.back() *= sizes[d];
    else
      sizes_.push_back(sizes[d]);
    for (size_t k = 0; k < count_; ++k) {
      if (!merged) operands_[k].strides.push_back(0);
      operands_[k].strides.back() = strides[k][d];
    }
  }
  if (!sizes_.empty()) return;
  sizes_ = {1};
  for (size_t k = 0; k < count_; ++k) operands_[k].strides = {0};
}

bool StridedWalk::merges(int64_t size, const Strides& strides, size_t d) const {
  for (size_t k = 0; k < count_; ++k)
    if (operands_[k].strides.back() != strides[k][d] * size) return false;
  return true;
}

/// Packed dimensions at the end, then others that all are repeated: a period.
void StridedWalk::find_forms(Operand& o) const {
  int64_t n = 1;
  size_t d = sizes_.size();
  while (d > 0 && o.strides[d - 1] == n) n *= sizes_[--d];
  o.packed = d == 0;
  while (d > 0 && o.strides[d - 1] == 0) --d;
  if (!o.packed && d == 0) o.period = n;
}

int64_t StridedWalk::period(int64_t most) const {
  int64_t longest = 0;
  for (size_t k = 0; k < count_; ++k)
    if (operands_[k].period <= most) longest = std::max(longest, operands_[k].period);
  return longest;
}

StridedCursor::StridedCursor(const StridedWalk& walk, size_t operand, int64_t begin, int64_t piece,
                             std::byte* buffer)
    : o_(walk.operands_[operand]),
      sizes_(walk.sizes_),
      buffer_(buffer),
      index_(walk.sizes_.size(), 0),
      step_(o_.strides.back()),
      repeats_(piece && o_.period && piece % o_.period == 0) {
  for (size_t d = sizes_.size(); d-- > 0; begin /= sizes_[d]) {
    index_[d] = begin % sizes_[d];
    offset_ += index_[d] * o_.strides[d];
  }
}

/// Moves the index on by n along dimension d.
void StridedCursor::advance(size_t d, int64_t n) {
  offset_ += n * o_.strides[d];
  index_[d] += n;
  for (; d > 0 && index_[d] == sizes_[d]; --d) {
    offset_ += o_.strides[d - 1] - o_.strides[d] * sizes_[d];
    index_[d] = 0;
    ++index_[d - 1];
  }
}

template <class F>
void StridedCursor::rows(int64_t n, F f) {
  std::byte* buffer = buffer_;
  size_t last = sizes_.size() - 1;
  while (n > 0) {
    bool whole = last > 0 && index_[last] == 0 && n >= sizes_[last];
    StridedRows r{1, 0, std::min(n, sizes_[last] - index_[last]), step_};
    if (whole)
      r = {std::min(n / sizes_[last], sizes_[last - 1] - index_[last - 1]), o_.strides[last - 1],
           sizes_[last], step_};
    f(here(), buffer, r);
    buffer += r.rows * r.n * int64_t(o_.size);
    n -= r.rows * r.n;
    whole ? advance(last - 1, r.rows) : advance(last, r.n);
  }
}

/// n copies of one number, if they are not there yet.
void StridedCursor::fill(int64_t n) {
  if (filled_with_ == here() && filled_ >= n) return;
  gather(buffer_, here(), {1, 0, n, 0}, o_.size);
  filled_with_ = here();
  filled_ = n;
}

const void* StridedCursor::read(int64_t n) {
  if (o_.packed) {
    const void* from = here();
    offset_ += n;
    return from;
  }
  if (repeats_ && filled_ > 0) return buffer_;
  if (repeats_) {
    filled_ = n;
  } else if (in_row(n) && (step_ == 0 || step_ == 1)) {
    const void* from = step_ ? here() : (fill(n), buffer_);
    advance(sizes_.size() - 1, n);
    return from;
  }
  filled_with_ = nullptr;
  rows(n, [&](const std::byte* from, std::byte* to, const StridedRows& r) {
    gather(to, from, r, o_.size);
  });
  return buffer_;
}

void StridedCursor::write(int64_t n) {
  if (o_.packed) {
    offset_ += n;
  } else if (is_direct(n)) {
    advance(sizes_.size() - 1, n);
  } else {
    rows(n, [&](std::byte* to, const std::byte* from, const StridedRows& r) {
      scatter(to, from, r, o_.size);
    });
  }
}

}  // namespace taper::kernels
