#pragma once

#include "autograd/kernels/parallel.h"
#include "autograd/tensor/buffer.h"
#include "autograd/tensor/int2.h"

namespace taper::kernels {

/// The places that bin i of `bins` holds, of `size` along a dimension: [i size / bins], rounded
/// down, up to [(i + 1) size / bins], rounded up; neighbours may overlap.
struct Bin {
  int64_t begin, end;
  Bin(int64_t i, int64_t bins, int64_t size)
      : begin(i * size / bins), end(((i + 1) * size + bins - 1) / bins) {}
  int64_t size() const { return end - begin; }
};

/// Images x [planes, x_size] and what they are pooled to, y [planes, y_size]; packed.
struct AdaptivePool {
  int64_t planes = 1;
  Int2 x_size, y_size;

  /// Calls f(x plane, y plane) with where each plane starts, on several threads.
  template <class F>
  void for_each_plane(const F& f) const {
    int64_t x = x_size.h * x_size.w, y = y_size.h * y_size.w;
    parallel_for(planes, grain_for(cost::pool * double(x + y)), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) f(p * x, p * y);
    });
  }
};

/// y = the mean of each bin.
template <class T>
void adaptive_avg_pool2d(const AdaptivePool& a, const T* x, T* y) {
  a.for_each_plane([&](int64_t from, int64_t to) {
    for (int64_t i = 0; i < a.y_size.h; ++i)
      for (int64_t j = 0; j < a.y_size.w; ++j, ++to) {
        Bin rows(i, a.y_size.h, a.x_size.h), columns(j, a.y_size.w, a.x_size.w);
        double sum = 0;
        for (int64_t r = rows.begin; r < rows.end; ++r)
          for (int64_t c = columns.begin; c < columns.end; ++c)
            sum += double(x[from + r * a.x_size.w + c]);
        y[to] = T(sum / double(rows.size() * columns.size()));
      }
  });
}

/// dx: the adjoint of adaptive_avg_pool2d.
template <class T>
void adaptive_avg_pool2d_input(const AdaptivePool& a, const T* dy, T* dx) {
  a.for_each_plane([&](int64_t to, int64_t from) {
    std::fill_n(dx + to, a.x_size.h * a.x_size.w, T(0));
    for (int64_t i = 0; i < a.y_size.h; ++i)
      for (int64_t j = 0; j < a.y_size.w; ++j, ++from) {
        Bin rows(i, a.y_size.h, a.x_size.h), columns(j, a.y_size.w, a.x_size.w);
        T share = dy[from] / T(rows.size() * columns.size());
        for (int64_t r = rows.begin; r < rows.end; ++r)
          for (int64_t c = columns.begin; c < columns.end; ++c)
            dx[to + r * a.x_size.w + c] += share;
      }
  });
}

}  // namespace taper::kernels
