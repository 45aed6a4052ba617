#pragma once

#include "autograd/tensor/int2.h"

namespace taper::kernels {

// Winograd's algorithm for windows of 3 x 3, cut into tiles of 4 x 4 outputs, which read 6 x 6
// inputs. Transformed, a tile or a window is 36 numbers, and the convolution a product of matrices
// for each of them. Channels lie in blocks of 16.

inline constexpr int64_t winograd_block = 16;
/// Numbers that a tile or a window becomes.
inline constexpr int64_t winograd_points = 36;
/// Floats of the square of 16 tiles or channels by 16 channels that products are made of.
inline constexpr int64_t winograd_square = winograd_block * winograd_block;

/// Floats from one point's matrix of so many squares to the next: one cache line more than it has,
/// so that the points of a tile do not all fall in the same place of the cache.
constexpr int64_t winograd_plane(int64_t squares) {
  return squares * winograd_square + winograd_block;
}

/// Tiles of images that lie in blocks; a tile reads its part of the image and clears what is not.
struct WinogradTiles {
  int64_t batch = 0, channel_blocks = 0;
  Int2 size;     ///< of the images
  Int2 padding;  ///< how far the first tile begins before the image
  Int2 tiles;    ///< how many there are down and across an image

  int64_t count() const { return batch * tiles.h * tiles.w; }
  int64_t squares() const { return (count() + winograd_block - 1) / winograd_block; }
  /// Floats from one point's matrix to the next, and where in it a square of tiles by channels
  /// begins.
  int64_t plane() const { return winograd_plane(squares() * channel_blocks); }
  int64_t square(int64_t tiles_block, int64_t channel_block) const {
    return (tiles_block * channel_blocks + channel_block) * winograd_square;
  }
  int64_t image_block() const { return size.h * size.w * winograd_block; }
  int64_t image() const { return channel_blocks * image_block(); }
};

/// Windows: 16 of them, each a lane, lie `lane` floats apart, and the next 16 `next` from there.
struct WinogradWindows {
  int64_t lane = 0, next = 0, count = 0;
  bool turned = false;  ///< by half a turn, as the input gradient wants them
};

/// A block of channels of one image of inputs (6 x 6, for any pass) or of output gradients (4 x 4,
/// for the weights'), transformed; `to` is what all tiles go to.
void winograd_inputs(const WinogradTiles& t, const float* x, int64_t image, int64_t channel_block,
                     float* to);
void winograd_gradients(const WinogradTiles& t, const float* dy, int64_t image,
                        int64_t channel_block, float* to);

/// Windows, transformed: point p of 16 goes to to[p * plane], of the next 16 behind it.
void winograd_windows(const WinogradWindows& windows, const float* w, float* to, int64_t plane);

/// sums[r, lane] (+)= sum over k of a[r, k] b[k, lane], squares of 16 x 16: those of a and b so
/// many floats apart. Turned: each square of a is [k, r].
struct WinogradProduct {
  const float *a = nullptr, *b = nullptr;
  int64_t squares = 0, a_step = 0, b_step = 0;
  bool turned = false, add = false;
};
void winograd_multiply(const WinogradProduct& p, float* sums);

/// The outputs of 16 tiles of one block of channels, of their sums [point, tile, lane], with bias
/// unless that is null. y: where the block of channels starts.
void winograd_outputs(const WinogradTiles& t, int64_t tiles_block, int64_t channel_block,
                      const float* sums, const float* bias, float* y);

/// The gradients of windows, of squares of sums [window, lane], those of the points `plane` apart.
void winograd_window_gradients(const WinogradWindows& windows, const float* sums, int64_t plane,
                               float* dw);

}  // namespace taper::kernels
