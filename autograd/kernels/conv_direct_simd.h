#pragma once

#include <cstdint>

namespace taper::kernels {

/// Floats that the loops below may read and write past the end of a row of n.
inline constexpr int64_t direct_slack = 32;
/// Outputs that one pass of the loops below computes at most.
inline constexpr int direct_outputs = 4;
/// Floats in one partial sum of `correlate_gradient`.
inline constexpr int64_t direct_lanes = 16;

/// Weighted sums over shifted copies of one row; taps are the shifts.
struct Correlation {
  const int32_t* offsets = nullptr;  ///< where each tap reads, from the element it contributes to
  int64_t taps = 0;
  const float* weights = nullptr;  ///< [taps, outputs]
  int outputs = 1;                 ///< 1 to direct_outputs
  const float* start = nullptr;    ///< what each output's sum begins with, or nothing for 0
};

/// to[o * pitch + p] = start[o] + sum over taps t of weights[t, o] * from[p + offsets[t]], p < n.
void correlate(const Correlation& c, const float* from, float* to, int64_t pitch, int64_t n);

/// sums[o, t, lane] += dy[o * pitch + p] * from[p + offsets[t]] over p < n, p spread over the
/// lanes. dy is aligned to 64 bytes, as pitch is, and cleared for direct_lanes elements from n on.
void correlate_gradient(const Correlation& c, const float* from, float* dy, int64_t pitch,
                        int64_t n, float* sums);

/// Where the rows of some channels lie, in elements.
struct ChannelRows {
  int64_t channel, row;
};

/// Copies n elements of each row of each channel.
void copy_rows(float* to, ChannelRows t, const float* from, ChannelRows f, int64_t channels,
               int64_t rows, int64_t n);

}  // namespace taper::kernels
