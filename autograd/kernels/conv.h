#pragma once

#include "autograd/tensor/buffer.h"
#include "autograd/tensor/int2.h"

namespace taper::kernels {

/// What one kernel of a convolution computes: y, dx or dw.
enum class ConvPass : uint8_t { forward, input, weight };

/// A convolution: x [batch, in, x_size], w [out, in / groups, kernel], y [batch, out, y_size].
struct ConvGeometry {
  int64_t batch = 0, in = 0, out = 0, groups = 1;
  Int2 x_size, y_size, kernel, stride, padding, dilation;

  int64_t group_in() const { return in / groups; }
  int64_t group_out() const { return out / groups; }
  /// Elements that the windows of one group hold: a column for each output pixel.
  int64_t column_rows() const { return group_in() * kernel.h * kernel.w; }
  int64_t pixels() const { return y_size.h * y_size.w; }
  bool operator==(const ConvGeometry&) const = default;
};

/// How x and y of a convolution, or their gradients, lie: in blocks of so many channels (blocks.h),
/// or plain (0). Weights are plain.
struct ConvLayouts {
  int64_t x = 0, y = 0;
  bool any_blocks() const { return x != 0 || y != 0; }
};

/// How a pass's kernel reads its operands and writes its result, and the bytes of scratch that it
/// needs on the calling thread.
struct ConvWay {
  ConvLayouts layouts;
  int64_t scratch = 0;
};

/// The way of a pass for operands that lie as `given` says: where its kernel wants blocks, those
/// that lie so are read so, and the result is written so.
ConvWay conv_way(const ConvGeometry& g, ConvPass pass, Dtype dtype, bool bias, ConvLayouts given);

/// Which values a weight has: a copy in oneDNN's layout is kept until the version changes. Storage
/// 0 is a weight that nobody can vouch for; no copy of it is kept.
struct WeightTag {
  uint64_t storage = 0, version = 0;
  bool operator==(const WeightTag&) const = default;
};

// All buffers are packed or as the layouts say, and of one floating type.

/// The first byte from p on that starts a cache line.
inline std::byte* next_line(void* p) {
  return static_cast<std::byte*>(p) + (-reinterpret_cast<uintptr_t>(p) & 63);
}

/// y = x correlated with w, plus b ([out], or empty).
void conv2d(const ConvGeometry& g, ConvLayouts layouts, const Buffer& x, const Buffer& w,
            const Buffer& b, const Buffer& y, void* scratch, WeightTag weight = {});
/// dx: the adjoint of conv2d in x.
void conv2d_input(const ConvGeometry& g, ConvLayouts layouts, const Buffer& dy, const Buffer& w,
                  const Buffer& dx, void* scratch);
/// dw: the adjoint of conv2d in w.
void conv2d_weight(const ConvGeometry& g, ConvLayouts layouts, const Buffer& dy, const Buffer& x,
                   const Buffer& dw, void* scratch);

}  // namespace taper::kernels
