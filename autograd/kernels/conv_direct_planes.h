#pragma once

#include "autograd/kernels/conv.h"
#include "autograd/kernels/conv_direct_simd.h"

// How the direct kernels lay images and weights out.

namespace taper::kernels {

/// Images of one shape, a channel after the other; each channel's phases lie one after the other.
struct Planes {
  int64_t channels, rows, pitch;
  Int2 phases = 1;

  int64_t plane() const { return rows * pitch; }
  int64_t channel() const { return phases.h * phases.w * plane(); }
  int64_t elements() const { return channels * channel() + pitch + direct_slack; }
};

/// The numbers i in [begin, end) with 0 <= i * step + first < size.
struct Steps {
  int64_t begin, end;
  Steps(int64_t first, int64_t step, int64_t size, int64_t count) {
    begin = std::clamp<int64_t>(first < 0 ? (-first + step - 1) / step : 0, 0, count);
    end = std::clamp<int64_t>(size > first ? (size - first - 1) / step + 1 : 0, begin, count);
  }
};

/// A phase of the input gradient: the elements (i s + first - p), and the taps that reach them.
struct Phase {
  Phase(const ConvGeometry& g, const Planes& planes, Int2 place);

  Int2 first;
  Steps rows, across;
  int64_t taps = 0;  ///< of all output channels
  int32_t* offsets = nullptr;
  float* weights = nullptr;  ///< [group, block of inputs, tap, input]
};

/// Where the arrays of one pass lie in scratch.
struct Workspace {
  Workspace(const ConvGeometry& g, ConvPass pass, void* scratch);

  float* image(int64_t thread) const { return images + thread * planes.elements(); }
  float* band(int64_t thread) const { return bands + thread * direct_outputs * band_pitch; }

  Planes planes;
  int64_t threads, sums_elements, band_rows, band_pitch;
  int32_t *offsets, *window;
  Phase* phases;
  float *weights, *images, *bands, *sums;
  int64_t bytes;
};

/// Copies n elements of each row of each channel, `to_step` and `from_step` apart.
void copy_steps(float* to, ChannelRows t, int64_t to_step, const float* from, ChannelRows f,
                int64_t from_step, int64_t channels, int64_t rows, int64_t n);
/// Copies a group's input channels into planes; what is padding there stays as it is.
void copy_input(const ConvGeometry& g, const Planes& to, const float* x, float* out);
/// Copies a group's output gradients to where their border ends.
void copy_gradient(const ConvGeometry& g, const Planes& to, const float* dy, float* out);

/// The channels [first, first + direct_outputs) or fewer of `all`.
inline int outputs_from(int64_t first, int64_t all) {
  return int(std::min<int64_t>(direct_outputs, all - first));
}

/// For each row of the columns: where it lies in the input's planes, from the output's own place.
void input_offsets(const ConvGeometry& g, const Planes& planes, int32_t* offsets);
/// Weights as `correlate` reads them, [block of outputs, column row, output].
void pack_weights(const ConvGeometry& g, const float* w, float* to);
/// The phases of the input gradient, with where their taps read and their weights.
void pack_phases(const ConvGeometry& g, const Workspace& s, const float* w);

/// Whether places within a group's images are numbers of 32 bits, and phases few.
bool direct_fits(const ConvGeometry& g);

}  // namespace taper::kernels
