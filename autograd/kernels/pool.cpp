#include "autograd/kernels/pool.h"

#include <cmath>

#include "autograd/kernels/parallel.h"
#include "autograd/kernels/pool_planes.h"
#include "autograd/kernels/pool_whole.h"

namespace taper::kernels {

namespace {

/// Rows or columns of the input that a window covers: from begin in steps up to end.
struct Span {
  int64_t begin, end;
  Span(int64_t output, int64_t x, int64_t kernel, int64_t stride, int64_t padding,
       int64_t dilation) {
    begin = output * stride - padding;
    end = std::min(begin + (kernel - 1) * dilation + 1, x);
    if (begin < 0) begin += (-begin + dilation - 1) / dilation * dilation;
  }
  int64_t size() const { return std::max<int64_t>(end - begin, 0); }
};

Span rows_of(const PoolGeometry& g, int64_t i) {
  return {i, g.x_size.h, g.kernel.h, g.stride.h, g.padding.h, g.dilation.h};
}
Span columns_of(const PoolGeometry& g, int64_t j) {
  return {j, g.x_size.w, g.kernel.w, g.stride.w, g.padding.w, g.dilation.w};
}

/// Calls f(x plane, y plane) with where each plane starts, on several threads.
template <class F>
void for_each_plane(const PoolGeometry& g, const F& f) {
  int64_t x = g.x_size.h * g.x_size.w, y = g.y_size.h * g.y_size.w;
  double work = cost::pool * double(std::max(x, y * g.kernel.h * g.kernel.w));
  parallel_for(g.planes, grain_for(work), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) f(p * x, p * y);
  });
}

/// The number in its window of the largest element in the plane x.
template <class T>
int64_t cell_of_max(const PoolGeometry& g, const T* x, int64_t i, int64_t j, T& best) {
  Span rows = rows_of(g, i), columns = columns_of(g, j);
  int64_t top = i * g.stride.h - g.padding.h, left = j * g.stride.w - g.padding.w;
  best = x[rows.begin * g.x_size.w + columns.begin];
  int64_t row = rows.begin, column = columns.begin;
  for (int64_t r = rows.begin; r < rows.end; r += g.dilation.h)
    for (int64_t c = columns.begin; c < columns.end; c += g.dilation.w) {
      T v = x[r * g.x_size.w + c];
      if (!(v > best || v != v)) continue;
      best = v;
      row = r;
      column = c;
    }
  return (row - top) / g.dilation.h * g.kernel.w + (column - left) / g.dilation.w;
}

/// Where in its plane a cell of the window of output pixel (i, j) lies; -1 outside.
int64_t place_of_cell(const PoolGeometry& g, int64_t cell, int64_t i, int64_t j) {
  int64_t r = cell / g.kernel.w, c = cell % g.kernel.w;
  if (cell < 0 || r >= g.kernel.h) return -1;
  r = i * g.stride.h - g.padding.h + r * g.dilation.h;
  c = j * g.stride.w - g.padding.w + c * g.dilation.w;
  bool inside = r >= 0 && r < g.x_size.h && c >= 0 && c < g.x_size.w;
  return inside ? r * g.x_size.w + c : -1;
}

/// Calls f(C{}) with the type of the windows' cells.
template <class F>
void dispatch_cell(const Buffer& cell, const F& f) {
  cell.dtype == uint8 ? f(uint8_t{}) : f(int64_t{});
}

/// The divisors of one plane of y.
std::vector<float> divisors_of(const PoolGeometry& g, PoolDivisor divisor) {
  std::vector<float> out;
  for (int64_t i = 0; i < g.y_size.h; ++i)
    for (int64_t j = 0; j < g.y_size.w; ++j) out.push_back(float(divisor.at(g, i, j)));
  return out;
}

}  // namespace

double PoolDivisor::at(const PoolGeometry& g, int64_t i, int64_t j) const {
  if (fixed) return double(fixed);
  if (!count_padding) return double(rows_of(g, i).size() * columns_of(g, j).size());
  int64_t h = i * g.stride.h - g.padding.h, w = j * g.stride.w - g.padding.w;
  return double(std::min(g.kernel.h, g.x_size.h + g.padding.h - h) *
                std::min(g.kernel.w, g.x_size.w + g.padding.w - w));
}

void max_pool2d(const PoolGeometry& g, const Buffer& x, const Buffer& y, const Buffer& cell) {
  bool floats = x.dtype == float32 && cell.dtype == uint8;
  if (floats && windows_are_whole(g))
    return max_of_whole(g, x.as<const float>(), y.as<float>(), cell.as<uint8_t>());
  if (floats && PoolPlanes::suits(g))
    return PoolPlanes(g).max(x.as<const float>(), y.as<float>(), cell.as<uint8_t>());
  dispatch(x.dtype, [&](auto t) {
    dispatch_cell(cell, [&](auto c) {
      for_each_plane(g, [&](int64_t from, int64_t to) {
        for (int64_t i = 0; i < g.y_size.h; ++i)
          for (int64_t j = 0; j < g.y_size.w; ++j, ++to)
            cell.as<decltype(c)>()[to] = decltype(c)(
                cell_of_max(g, x.as<decltype(t)>() + from, i, j, y.as<decltype(t)>()[to]));
      });
    });
  });
}

void max_pool2d_input(const PoolGeometry& g, const Buffer& dy, const Buffer& cell,
                      const Buffer& dx) {
  bool floats = dx.dtype == float32 && cell.dtype == uint8;
  if (floats && windows_are_pairs(g))
    return max_input_of_pairs(g, dy.as<const float>(), cell.as<const uint8_t>(), dx.as<float>());
  if (floats && PoolPlanes::suits(g))
    return PoolPlanes(g).max_input(dy.as<const float>(), cell.as<const uint8_t>(), dx.as<float>());
  dispatch_floating(dx.dtype, [&](auto t) {
    dispatch_cell(cell, [&](auto c) {
      for_each_plane(g, [&](int64_t to, int64_t from) {
        auto* px = dx.as<decltype(t)>() + to;
        std::fill_n(px, g.x_size.h * g.x_size.w, decltype(t)(0));
        for (int64_t i = 0; i < g.y_size.h; ++i)
          for (int64_t j = 0; j < g.y_size.w; ++j, ++from) {
            int64_t place = place_of_cell(g, int64_t(cell.as<decltype(c)>()[from]), i, j);
            if (place >= 0) px[place] += dy.as<decltype(t)>()[from];
          }
      });
    });
  });
}

void max_pool2d_indices(const PoolGeometry& g, const Buffer& cell, const Buffer& index) {
  dispatch_cell(cell, [&](auto c) {
    for_each_plane(g, [&](int64_t, int64_t at) {
      for (int64_t i = 0; i < g.y_size.h; ++i)
        for (int64_t j = 0; j < g.y_size.w; ++j, ++at)
          index.as<int64_t>()[at] = place_of_cell(g, int64_t(cell.as<decltype(c)>()[at]), i, j);
    });
  });
}

void avg_pool2d(const PoolGeometry& g, PoolDivisor divisor, const Buffer& x, const Buffer& y) {
  if (x.dtype == float32 && PoolPlanes::suits(g))
    return PoolPlanes(g).mean(x.as<const float>(), divisors_of(g, divisor).data(), y.as<float>());
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    for_each_plane(g, [&](int64_t from, int64_t to) {
      const T* px = x.as<const T>() + from;
      for (int64_t i = 0; i < g.y_size.h; ++i)
        for (int64_t j = 0; j < g.y_size.w; ++j, ++to) {
          Span rows = rows_of(g, i), columns = columns_of(g, j);
          T sum = 0;
          for (int64_t r = rows.begin; r < rows.end; ++r)
            for (int64_t c = columns.begin; c < columns.end; ++c) sum += px[r * g.x_size.w + c];
          y.as<T>()[to] = sum / T(divisor.at(g, i, j));
        }
    });
  });
}

void avg_pool2d_input(const PoolGeometry& g, PoolDivisor divisor, const Buffer& dy,
                      const Buffer& dx) {
  if (dx.dtype == float32 && PoolPlanes::suits(g))
    return PoolPlanes(g).mean_input(dy.as<const float>(), divisors_of(g, divisor).data(),
                                    dx.as<float>());
  dispatch_floating(dx.dtype, [&](auto t) {
    using T = decltype(t);
    for_each_plane(g, [&](int64_t to, int64_t from) {
      T* px = dx.as<T>() + to;
      std::fill_n(px, g.x_size.h * g.x_size.w, T(0));
      for (int64_t i = 0; i < g.y_size.h; ++i)
        for (int64_t j = 0; j < g.y_size.w; ++j, ++from) {
          Span rows = rows_of(g, i), columns = columns_of(g, j);
          T share = dy.as<const T>()[from] / T(divisor.at(g, i, j));
          for (int64_t r = rows.begin; r < rows.end; ++r)
            for (int64_t c = columns.begin; c < columns.end; ++c) px[r * g.x_size.w + c] += share;
        }
    });
  });
}

}  // namespace taper::kernels
