#pragma once

#include "autograd/tensor/buffer.h"

namespace taper::kernels {

// Normalisation: xhat = (x - mean) rstd, y = weight xhat + bias. Buffers are packed unless said
// otherwise and of one floating type; weight and bias may be empty (1 and 0). stats holds the
// means, then the 1 / sqrt(var + eps), of what is normalised together; sums are kept in double.

/// x [outer, channels, inner], normalised over outer and inner; float32 may also lie in blocks,
/// [outer, channels / block, inner, block].
struct NormPlanes {
  int64_t outer = 1, channels = 1, inner = 1, block = 1;

  explicit NormPlanes(IntList sizes, int64_t b = 1)
      : outer(sizes[0]), channels(sizes[1]), block(b) {
    for (size_t d = 2; d < sizes.size(); ++d) inner *= sizes[d];
  }
  /// Elements of a channel.
  int64_t count() const { return outer * inner; }
};

/// What a training step does to the running statistics: running = (1 - momentum) running + momentum
/// batch, with the unbiased variance. Either may be strided, or empty.
struct RunningStats {
  Buffer mean, var;
  double momentum = 0;
};

/// y [channels]: the sums over outer and inner.
void channel_sum(const NormPlanes& p, const Buffer& x, const Buffer& y);
/// stats [2, channels] of x itself, and the step of the running statistics.
void batch_stats(const NormPlanes& p, const Buffer& x, double eps, const RunningStats& running,
                 const Buffer& stats);
/// stats [2, channels] from the running statistics (strided).
void fixed_stats(const Buffer& mean, const Buffer& var, double eps, const Buffer& stats);
void batch_norm(const NormPlanes& p, const Buffer& x, const Buffer& weight, const Buffer& bias,
                const Buffer& stats, const Buffer& y);
/// dx, dweight [channels] and dbias [channels]; batch: whether the statistics are x's own.
void batch_norm_backward(const NormPlanes& p, bool batch, const Buffer& dy, const Buffer& x,
                         const Buffer& weight, const Buffer& stats, const Buffer& dx,
                         const Buffer& dweight, const Buffer& dbias);

/// x [rows, columns], each row normalised by itself; weight and bias [columns], stats [2, rows].
struct NormRows {
  int64_t rows = 1, columns = 1;
};

void layer_norm(const NormRows& r, double eps, const Buffer& x, const Buffer& weight,
                const Buffer& bias, const Buffer& stats, const Buffer& y);
void layer_norm_backward(const NormRows& r, const Buffer& dy, const Buffer& x, const Buffer& weight,
                         const Buffer& stats, const Buffer& dx, const Buffer& dweight,
                         const Buffer& dbias);

}  // namespace taper::kernels
