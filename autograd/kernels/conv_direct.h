#pragma once

#include "autograd/kernels/conv.h"

namespace taper::kernels {

// Convolution of float32 in plain layout, for channel counts too small to fill a blocked layout.
// Each image is copied with its padding, cut by the stride into phases; in that copy every tap of
// the window lies a fixed way from its output, so that rows of any width are one long vector.

/// Whether these kernels are expected to beat oneDNN's, layout changes included.
bool direct_is_faster(const ConvGeometry& g, ConvPass pass);
/// Bytes of scratch for one pass.
int64_t direct_scratch(const ConvGeometry& g, ConvPass pass);

void direct_conv2d(const ConvGeometry& g, const float* x, const float* w, const float* b, float* y,
                   void* scratch);
void direct_conv2d_input(const ConvGeometry& g, const float* dy, const float* w, float* dx,
                         void* scratch);
void direct_conv2d_weight(const ConvGeometry& g, const float* dy, const float* x, float* dw,
                          void* scratch);

}  // namespace taper::kernels
