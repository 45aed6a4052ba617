#pragma once

#include "autograd/kernels/conv_onednn.h"

namespace taper::kernels {

// Winograd's algorithm for many channels of few pixels, where transforming the weights is most of
// the work: a thread transforms those of one block of channels and multiplies them while they lie
// in its cache. Images lie in blocks of 16 channels, or are brought there; results do.

/// Whether these kernels can compute it, and are expected to beat oneDNN's.
bool winograd_has(const ConvGeometry& g);
bool winograd_is_faster(const ConvGeometry& g, ConvPass pass);
/// Bytes of scratch for one pass.
int64_t winograd_scratch(const ConvGeometry& g, ConvPass pass, ConvLayouts layouts);
/// Computes the pass's part of `data` from the others.
void winograd_conv(const ConvGeometry& g, ConvPass pass, ConvLayouts layouts, const ConvData& data,
                   void* scratch);

}  // namespace taper::kernels
