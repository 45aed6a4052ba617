#pragma once

#include <vector>

#include "autograd/kernels/pool.h"
#include "autograd/kernels/pool_simd.h"

namespace taper::kernels {

/// Pooling of float planes in vectors. A padded plane is cut by the strides into phases: pixel
/// (r, c) lies in phase (r % stride.h, c % stride.w) at (r / stride.h, c / stride.w). There each
/// cell of a window lies a fixed way from the window's output, so outputs of all rows are one long
/// vector, whatever their width. Planes are worked on in bands of rows that stay in the cache.
class PoolPlanes {
 public:
  explicit PoolPlanes(const PoolGeometry& g);

  /// Whether this is the faster way for a geometry.
  static bool suits(const PoolGeometry& g);

  void max(const float* x, float* y, uint8_t* cell) const;
  void max_input(const float* dy, const uint8_t* cell, float* dx) const;
  /// The divisors are those of y's pixels, [y_size].
  void mean(const float* x, const float* divisors, float* y) const;
  void mean_input(const float* dy, const float* divisors, float* dx) const;

 private:
  struct Phase {
    int64_t row, column;        ///< where in the stride
    std::vector<PoolTap> taps;  ///< the window's cells in it, their offsets within the phase
  };
  struct Band {
    int64_t plane, begin, end;  ///< rows of a phase
    int64_t rows() const { return end - begin; }
  };
  /// Calls f(band, memory) for all bands of all planes, on several threads.
  template <class F>
  void for_each_band(int64_t rows, const F& f) const;
  void make_phases();
  int64_t phase_size() const { return (band_ + reach_.h) * columns_ + reach_.w + pool_slack; }
  int64_t memory_size() const { return (int64_t(phases_.size()) + 3) * phase_size(); }
  /// [y_size.h, columns]: the same numbers with the phases' distance of rows; 1 in between.
  std::vector<float> widened(const float* divisors) const;
  /// [y_size.h, columns]: the first cell of each window that lies in the plane.
  std::vector<float> first_cells() const;

  /// Whether some window holds places outside the plane.
  bool windows_hang_over() const;
  /// Rows of the phases that hold a whole plane.
  int64_t phase_rows() const {
    return (g_.x_size.h + g_.padding.h + g_.stride.h - 1) / g_.stride.h;
  }

  void cut(const float* plane, Band b, float absent, float* to) const;
  void cut_phase(const float* plane, Band b, const Phase& phase, float absent, float* to) const;
  /// Copies rows of a plane of y into a grid with the phases' distance of rows.
  void lay_out(const float* y_plane, Band b, float* to) const;
  void lay_out_cells(const uint8_t* y_plane, Band b, float* to) const;
  /// Whether such a grid has places that y has not.
  bool has_gaps(Band b) const;
  /// The rows that a grid for band b shares with y.
  Band shared_rows(Band b) const;
  template <class T>
  void collect(const T* from, Band b, T* y_plane) const;
  void join(const float* from, Band b, float* dx_plane) const;
  void join_rows(const float* from, int64_t rows, float* dx) const;

  PoolGeometry g_;
  Int2 reach_;           ///< rows and columns of a phase between a window's first cell and its last
  int64_t columns_ = 0;  ///< of a phase
  int64_t band_ = 0;     ///< rows of a phase in a band
  std::vector<Phase> phases_;
  std::vector<PoolTap> taps_;  ///< in the window's order, with offsets from the first phase
};

}  // namespace taper::kernels
