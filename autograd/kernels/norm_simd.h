#pragma once

#include <cstdint>

namespace taper::kernels {

/// Most numbers that lie beside each other with parameters of their own.
inline constexpr int64_t norm_lanes = 16;

/// Where the elements of some channels lie: `count` runs of `size` floats, the first ones of two
/// runs `pitch` apart. A block of 8 or 16 channels lies element by element beside each other; one
/// channel (block 1) lies by itself.
struct NormRuns {
  int64_t count = 0, size = 0, pitch = 0, block = 1;
};

// Vectors of float32, as wide as the CPU has them; sums of 16 at a time are added up in double.
// Parameters and sums are norm_lanes numbers: one for each channel of a block; for one channel the
// parameter is the same in all, and the sums are parts of its sum.

/// Adds up x - origin and its squares.
void norm_moments(const NormRuns& r, const float* x, const float* origin, double* sum,
                  double* squares);
/// y = (x - mean) scale + shift
void norm_apply(const NormRuns& r, const float* x, const float* mean, const float* scale,
                const float* shift, float* y);
/// Adds up dy and dy (x - mean).
void norm_products(const NormRuns& r, const float* dy, const float* x, const float* mean,
                   double* sum, double* products);
/// dx = scale (dy - less - (x - mean) slope)
void norm_gradient(const NormRuns& r, const float* dy, const float* x, const float* mean,
                   const float* scale, const float* less, const float* slope, float* dx);

}  // namespace taper::kernels
