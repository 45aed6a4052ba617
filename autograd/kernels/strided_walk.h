#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "autograd/kernels/strided_loop.h"
#include "autograd/tensor/buffer.h"

namespace taper::kernels {

/// Most operands of a pointwise loop, its result among them.
inline constexpr size_t most_operands = 6;

/// Rows of n elements, `step` apart, that start `stride` apart.
struct StridedRows {
  int64_t rows, stride, n, step;
};

/// The elements of the rows, of `size` bytes, one after the other; step 0 repeats them.
void gather(void* to, const void* from, const StridedRows& rows, size_t size);
/// Puts elements that lie one after the other to the places of the rows.
void scatter(void* to, const void* from, const StridedRows& rows, size_t size);

/// How a result y and its operands x are walked together, in the order of y's memory: neighbouring
/// dimensions that all step through evenly are one. Operand 0 is y.
class StridedWalk {
 public:
  StridedWalk(const Buffer& y, std::span<const Buffer* const> x);

  size_t operands() const { return count_; }
  /// Elements along the last dimension.
  int64_t row() const { return sizes_.back(); }
  /// After how many elements, at most `most`, an operand that does so repeats itself; 0 if none.
  int64_t period(int64_t most) const;

 private:
  friend class StridedCursor;
  struct Operand {
    std::byte* data = nullptr;
    size_t size = 0;  ///< bytes of an element
    Shape strides;
    int64_t period = 0;   ///< if it repeats itself
    bool packed = false;  ///< its elements lie one after the other
  };
  using Strides = std::array<Shape, most_operands>;
  void merge(IntList sizes, const Strides& strides);
  bool merges(int64_t size, const Strides& strides, size_t d) const;
  void find_forms(Operand& o) const;

  Shape sizes_;
  std::array<Operand, most_operands> operands_;
  size_t count_ = 0;
};

/// One operand on its way through the elements: hands them out, n at a time, in packed memory.
class StridedCursor {
 public:
  /// From element `begin` on; where `piece` is a multiple of the operand's period and all but the
  /// last piece are that long, one copy serves for all.
  StridedCursor(const StridedWalk& walk, size_t operand, int64_t begin, int64_t piece,
                std::byte* buffer);

  /// The next n elements.
  const void* read(int64_t n);
  /// Where the next n elements are to be put; then write(n) brings them to their places.
  void* place(int64_t n) { return is_direct(n) ? here() : buffer_; }
  void write(int64_t n);

 private:
  std::byte* here() const { return o_.data + offset_ * int64_t(o_.size); }
  bool in_row(int64_t n) const { return index_.back() + n <= sizes_.back(); }
  bool is_direct(int64_t n) const { return o_.packed || (step_ == 1 && in_row(n)); }
  void advance(size_t d, int64_t n);
  void fill(int64_t n);
  /// Calls f(memory, buffer, rows) for the next n elements.
  template <class F>
  void rows(int64_t n, F f);

  const StridedWalk::Operand& o_;
  const Shape& sizes_;
  std::byte* buffer_;
  Shape index_;
  int64_t offset_ = 0, step_;
  const void* filled_with_ = nullptr;
  int64_t filled_ = 0;
  bool repeats_;
};

}  // namespace taper::kernels
