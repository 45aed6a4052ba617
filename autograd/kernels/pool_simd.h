#pragma once

#include <cstdint>
#include <span>

namespace taper::kernels {

/// Floats that the loops below may read and write past the n that they are asked for.
inline constexpr int64_t pool_slack = 64;

/// A cell of a window: how far it lies from where the window starts, and its number.
struct PoolTap {
  int64_t offset;
  float cell;
};
using PoolTaps = std::span<const PoolTap>;

/// Where rows of `n` elements lie, in elements.
struct PoolRows {
  int64_t rows, n;
  int64_t from_row, to_row;
};

/// y[p] = the largest x[p + offset], cell[p] = that tap's number: the first one, or the last NaN.
/// With `first`, the number that stays where all are -infinity; without, the first tap's.
void max_over_taps(PoolTaps taps, const float* x, const float* first, float* y, uint8_t* cell,
                   int64_t n);
/// y[p] = sum of x[p + offset]
void sum_over_taps(PoolTaps taps, const float* x, float* y, int64_t n);
/// dx[p] = sum of dy[p - offset], with `cell` over the taps t where cell[p - offset] = t.
void sum_of_windows(PoolTaps taps, const float* dy, const float* cell, float* dx, int64_t n);
/// y /= by
void divide(float* y, const float* by, int64_t n);

/// Copies every step-th element; `more` are readable in a row from `from` on, and one before it if
/// `before`.
void take_columns(const float* from, int64_t step, int64_t more, bool before, float* to,
                  PoolRows r);
/// to = bytes as floats
void widen_bytes(const uint8_t* from, float* to, PoolRows r);
/// to[2 i] = even[i], to[2 i + 1] = odd[i], i < n
void interleave_columns(const float* even, const float* odd, float* to, PoolRows r);

}  // namespace taper::kernels
