#pragma once

#include "autograd/kernels/conv.h"

namespace taper::kernels {

/// The parts of a convolution of float32, packed; b may be missing.
struct ConvData {
  float *x = nullptr, *w = nullptr, *b = nullptr, *y = nullptr;
};

// These hold primitives for each geometry, thread count and choice of algorithm, a set a thread.
// blocks: whether an operand lies in blocks or the result is to; then no plain kernel is chosen.

/// Whether oneDNN has a kernel for it that is no mere reference.
bool onednn_has(const ConvGeometry& g, ConvPass pass, bool bias, bool blocks = false);
/// The blocks that the kernel wants x and y in; 0 where it wants them in another layout.
ConvLayouts onednn_layouts(const ConvGeometry& g, ConvPass pass, bool bias, bool blocks = false);
/// Bytes of scratch for one pass.
int64_t onednn_scratch(const ConvGeometry& g, ConvPass pass, bool bias, bool blocks = false);
/// Computes the pass's part of `data` from the others; in blocks is what the kernel wants so.
void onednn_conv(const ConvGeometry& g, ConvPass pass, ConvLayouts layouts, const ConvData& data,
                 void* scratch, WeightTag weight = {});

}  // namespace taper::kernels
