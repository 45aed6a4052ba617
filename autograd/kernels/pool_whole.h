#pragma once

#include "autograd/kernels/pool.h"

namespace taper::kernels {

// Max pooling of float planes whose windows lie within them: read and written where they are, a row
// of outputs in vectors at a time.

/// Whether this is the way for a geometry: no window hangs over, and vectors take its columns.
bool windows_are_whole(const PoolGeometry& g);
/// Whether they also cover the plane side by side, two columns wide, so that each element of dx has
/// one window.
bool windows_are_pairs(const PoolGeometry& g);

void max_of_whole(const PoolGeometry& g, const float* x, float* y, uint8_t* cell);
void max_input_of_pairs(const PoolGeometry& g, const float* dy, const uint8_t* cell, float* dx);

}  // namespace taper::kernels
