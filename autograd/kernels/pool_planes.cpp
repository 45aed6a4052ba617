#include "autograd/kernels/pool_planes.h"

#include <limits>
#include <memory>

#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

/// Floats that a band may take up in the cache.
constexpr int64_t band_floats = 12 << 10;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

bool PoolPlanes::suits(const PoolGeometry& g) {
  // Phases of a few pixels cost more to cut than they save.
  return g.kernel.h * g.kernel.w <= 256 && g.stride.h * g.stride.w <= 64 &&
         g.y_size.h * g.y_size.w >= 4 && g.y_size.w >= 2;
}

PoolPlanes::PoolPlanes(const PoolGeometry& g) : g_(g) {
  reach_ = {(g.kernel.h - 1) * g.dilation.h / g.stride.h,
            (g.kernel.w - 1) * g.dilation.w / g.stride.w};
  columns_ = std::max(g.y_size.w + reach_.w, ceil_div(g.x_size.w + g.padding.w, g.stride.w));
  int64_t row = (g.stride.h * g.stride.w + 3) * columns_;
  band_ = std::clamp<int64_t>(band_floats / row - reach_.h, 1, g.y_size.h + reach_.h);
  make_phases();
}

void PoolPlanes::make_phases() {
  for (int64_t r = 0; r < g_.stride.h; ++r)
    for (int64_t c = 0; c < g_.stride.w; ++c) phases_.push_back({r, c, {}});
  for (int64_t r = 0; r < g_.kernel.h; ++r)
    for (int64_t c = 0; c < g_.kernel.w; ++c) {
      int64_t row = r * g_.dilation.h, column = c * g_.dilation.w;
      int64_t phase = row % g_.stride.h * g_.stride.w + column % g_.stride.w;
      PoolTap tap{row / g_.stride.h * columns_ + column / g_.stride.w, float(r * g_.kernel.w + c)};
      phases_[size_t(phase)].taps.push_back(tap);
      taps_.push_back({tap.offset + phase * phase_size(), tap.cell});
    }
}

template <class F>
void PoolPlanes::for_each_band(int64_t rows, const F& f) const {
  int64_t bands = ceil_div(rows, band_);
  int64_t work = band_ * columns_ * g_.stride.h * g_.stride.w;
  parallel_for(g_.planes * bands, grain_for(cost::pool * double(work)),
               [&](int64_t begin, int64_t end) {
                 auto memory = std::make_unique<float[]>(size_t(memory_size()));
                 for (int64_t i = begin; i < end; ++i) {
                   int64_t first = i % bands * band_;
                   f(Band{i / bands, first, std::min(first + band_, rows)}, memory.get());
                 }
               });
}

std::vector<float> PoolPlanes::widened(const float* divisors) const {
  std::vector<float> out(size_t(g_.y_size.h * columns_ + pool_slack), 1.0f);
  for (int64_t i = 0; i < g_.y_size.h; ++i)
    std::copy_n(divisors + i * g_.y_size.w, g_.y_size.w, out.data() + i * columns_);
  return out;
}

std::vector<float> PoolPlanes::first_cells() const {
  auto first = [](int64_t output, int64_t stride, int64_t padding, int64_t dilation) {
    return ceil_div(std::max<int64_t>(padding - output * stride, 0), dilation);
  };
  std::vector<float> out(size_t(g_.y_size.h * columns_ + pool_slack), 0.0f);
  for (int64_t i = 0; i < g_.y_size.h; ++i)
    for (int64_t j = 0; j < g_.y_size.w; ++j)
      out[size_t(i * columns_ + j)] =
          float(first(i, g_.stride.h, g_.padding.h, g_.dilation.h) * g_.kernel.w +
                first(j, g_.stride.w, g_.padding.w, g_.dilation.w));
  return out;
}

void PoolPlanes::cut(const float* plane, Band b, float absent, float* to) const {
  for (const Phase& phase : phases_) {
    if (!phase.taps.empty()) cut_phase(plane, b, phase, absent, to);
    to += phase_size();
  }
}

void PoolPlanes::cut_phase(const float* plane, Band b, const Phase& phase, float absent,
                           float* to) const {
  auto from_to = [](int64_t at, int64_t size, int64_t stride, int64_t padding, int64_t most) {
    int64_t begin = ceil_div(std::max<int64_t>(padding - at, 0), stride);
    int64_t end = ceil_div(std::max<int64_t>(size + padding - at, 0), stride);
    return std::pair(std::min(begin, most), std::clamp(end, begin, std::max(begin, most)));
  };
  int64_t rows = b.rows() + reach_.h, down = b.begin * g_.stride.h + phase.row;
  auto [top, bottom] = from_to(down, g_.x_size.h, g_.stride.h, g_.padding.h, rows);
  auto [left, right] = from_to(phase.column, g_.x_size.w, g_.stride.w, g_.padding.w, columns_);
  if (top >= bottom || left >= right) return void(std::fill_n(to, rows * columns_, absent));
  std::fill_n(to, top * columns_, absent);
  std::fill_n(to + bottom * columns_, (rows - bottom) * columns_, absent);
  if (left > 0 || right < columns_)
    for (int64_t i = top; i < bottom; ++i) {
      std::fill_n(to + i * columns_, left, absent);
      std::fill_n(to + i * columns_ + right, columns_ - right, absent);
    }
  int64_t row = top * g_.stride.h + down - g_.padding.h;
  int64_t column = left * g_.stride.w + phase.column - g_.padding.w;
  take_columns(plane + row * g_.x_size.w + column, g_.stride.w, g_.x_size.w - column, column > 0,
               to + top * columns_ + left,
               {bottom - top, right - left, g_.stride.h * g_.x_size.w, columns_});
}

template <class T>
void PoolPlanes::collect(const T* from, Band b, T* y_plane) const {
  T* to = y_plane + b.begin * g_.y_size.w;
  if (columns_ == g_.y_size.w)
    std::copy_n(from, b.rows() * columns_, to);
  else
    for (int64_t i = 0; i < b.rows(); ++i)
      std::copy_n(from + i * columns_, g_.y_size.w, to + i * g_.y_size.w);
}

bool PoolPlanes::windows_hang_over() const {
  auto over = [](int64_t y, int64_t x, int64_t kernel, int64_t stride, int64_t dilation) {
    return (y - 1) * stride + (kernel - 1) * dilation >= x;
  };
  return g_.padding != Int2(0) ||
         over(g_.y_size.h, g_.x_size.h, g_.kernel.h, g_.stride.h, g_.dilation.h) ||
         over(g_.y_size.w, g_.x_size.w, g_.kernel.w, g_.stride.w, g_.dilation.w);
}

void PoolPlanes::max(const float* x, float* y, uint8_t* cell) const {
  bool padded = windows_hang_over();
  std::vector<float> first = padded ? first_cells() : std::vector<float>();
  int64_t x_plane = g_.x_size.h * g_.x_size.w, y_plane = g_.y_size.h * g_.y_size.w;
  for_each_band(g_.y_size.h, [&](Band b, float* memory) {
    cut(x + b.plane * x_plane, b, -std::numeric_limits<float>::infinity(), memory);
    float* best = memory + int64_t(phases_.size()) * phase_size();
    uint8_t* at = reinterpret_cast<uint8_t*>(best + phase_size());
    max_over_taps(taps_, memory, padded ? first.data() + b.begin * columns_ : nullptr, best, at,
                  b.rows() * columns_);
    collect(best, b, y + b.plane * y_plane);
    collect(at, b, cell + b.plane * y_plane);
  });
}

void PoolPlanes::mean(const float* x, const float* divisors, float* y) const {
  std::vector<float> by = widened(divisors);
  int64_t x_plane = g_.x_size.h * g_.x_size.w, y_plane = g_.y_size.h * g_.y_size.w;
  for_each_band(g_.y_size.h, [&](Band b, float* memory) {
    cut(x + b.plane * x_plane, b, 0, memory);
    float* sum = memory + int64_t(phases_.size()) * phase_size();
    sum_over_taps(taps_, memory, sum, b.rows() * columns_);
    divide(sum, by.data() + b.begin * columns_, b.rows() * columns_);
    collect(sum, b, y + b.plane * y_plane);
  });
}

PoolPlanes::Band PoolPlanes::shared_rows(Band b) const {
  int64_t begin = std::clamp<int64_t>(b.begin - reach_.h, 0, g_.y_size.h);
  return {b.plane, begin, std::clamp(b.end, begin, g_.y_size.h)};
}

bool PoolPlanes::has_gaps(Band b) const {
  return columns_ > g_.y_size.w || reach_ != Int2(0) || b.end > g_.y_size.h;
}

void PoolPlanes::lay_out(const float* y_plane, Band b, float* to) const {
  Band shared = shared_rows(b);
  if (has_gaps(b)) std::fill_n(to, phase_size(), 0.0f);
  take_columns(y_plane + shared.begin * g_.y_size.w, 1, g_.y_size.w, false,
               to + reach_.w + (shared.begin - b.begin + reach_.h) * columns_,
               {shared.rows(), g_.y_size.w, g_.y_size.w, columns_});
}

void PoolPlanes::lay_out_cells(const uint8_t* y_plane, Band b, float* to) const {
  Band shared = shared_rows(b);
  if (has_gaps(b)) std::fill_n(to, phase_size(), -1.0f);
  widen_bytes(y_plane + shared.begin * g_.y_size.w,
              to + reach_.w + (shared.begin - b.begin + reach_.h) * columns_,
              {shared.rows(), g_.y_size.w, g_.y_size.w, columns_});
}

void PoolPlanes::max_input(const float* dy, const uint8_t* cell, float* dx) const {
  int64_t x_plane = g_.x_size.h * g_.x_size.w, y_plane = g_.y_size.h * g_.y_size.w;
  for_each_band(phase_rows(), [&](Band b, float* memory) {
    float* grid = memory + int64_t(phases_.size()) * phase_size();
    float* cells = grid + phase_size();
    lay_out(dy + b.plane * y_plane, b, grid);
    lay_out_cells(cell + b.plane * y_plane, b, cells);
    int64_t start = reach_.w + reach_.h * columns_;
    for (size_t k = 0; k < phases_.size(); ++k)
      sum_of_windows(phases_[k].taps, grid + start, cells + start,
                     memory + int64_t(k) * phase_size(), b.rows() * columns_);
    join(memory, b, dx + b.plane * x_plane);
  });
}

void PoolPlanes::mean_input(const float* dy, const float* divisors, float* dx) const {
  std::vector<float> by = widened(divisors);
  int64_t x_plane = g_.x_size.h * g_.x_size.w, y_plane = g_.y_size.h * g_.y_size.w;
  for_each_band(phase_rows(), [&](Band b, float* memory) {
    float* grid = memory + int64_t(phases_.size()) * phase_size();
    lay_out(dy + b.plane * y_plane, b, grid);
    Band shared = shared_rows(b);
    int64_t start = reach_.w + reach_.h * columns_;
    divide(grid + start + (shared.begin - b.begin) * columns_, by.data() + shared.begin * columns_,
           shared.rows() * columns_);
    for (size_t k = 0; k < phases_.size(); ++k)
      sum_of_windows(phases_[k].taps, grid + start, nullptr, memory + int64_t(k) * phase_size(),
                     b.rows() * columns_);
    join(memory, b, dx + b.plane * x_plane);
  });
}

void PoolPlanes::join(const float* from, Band b, float* dx_plane) const {
  for (int64_t r = 0; r < g_.stride.h; ++r) {
    // The rows i with 0 <= i stride + r - padding < x_size.
    auto first_from = [&](int64_t row) {
      return ceil_div(std::max<int64_t>(row + g_.padding.h - r, 0), g_.stride.h);
    };
    int64_t begin = std::max(b.begin, first_from(0));
    int64_t rows = std::min(b.end, first_from(g_.x_size.h)) - begin;
    if (rows > 0)
      join_rows(from + r * g_.stride.w * phase_size() + (begin - b.begin) * columns_, rows,
                dx_plane + (begin * g_.stride.h + r - g_.padding.h) * g_.x_size.w);
  }
}

void PoolPlanes::join_rows(const float* from, int64_t rows, float* dx) const {
  int64_t width = g_.x_size.w, stride = g_.stride.w, padding = g_.padding.w;
  int64_t step = g_.stride.h * width;
  if (stride == 1)
    return take_columns(from + padding, 1, width, false, dx, {rows, width, columns_, step});
  int64_t left = 0, right = 0;  // columns that are joined in vectors
  if (stride == 2) {
    int64_t begin = ceil_div(padding, 2);
    left = padding % 2;
    right = left + (width - left) / 2 * 2;
    interleave_columns(from + begin, from + phase_size() + begin, dx + left,
                       {rows, (right - left) / 2, columns_, step});
  }
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t c = 0; c < width; ++c) {
      if (c == left) c = right;
      if (c >= width) break;
      int64_t place = c + padding;
      dx[row * step + c] = from[place % stride * phase_size() + row * columns_ + place / stride];
    }
}

}  // namespace taper::kernels
