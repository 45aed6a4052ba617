#include "autograd/kernels/turned_tile.h"

#include <cstring>

// Vectors of 128 bits are used alone.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/turned_tile.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>

#include "autograd/kernels/turn_square-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

constexpr int64_t tile = turned_tile;

/// Tiles with fewer rows or columns do without the buffer.
constexpr int64_t few = 8;

/// b[i * tile + j] = from[i * rows.from + j * columns.from]
template <class T>
void read_tile(const T* from, const CopyDim& rows, const CopyDim& columns, T* b) {
  constexpr int64_t side = square_side<T>();
  int64_t turned_rows = 0, turned_columns = 0;
  if constexpr (side > 1)
    if (rows.from == 1) {
      turned_rows = rows.size / side * side, turned_columns = columns.size / side * side;
      for (int64_t j = 0; j < turned_columns; j += side)
        for (int64_t i = 0; i < turned_rows; i += side)
          turn_square(from + j * columns.from + i, columns.from, b + i * tile + j, tile);
    }
  for (int64_t j = 0; j < columns.size; ++j)
    for (int64_t i = j < turned_columns ? turned_rows : 0; i < rows.size; ++i)
      b[i * tile + j] = from[i * rows.from + j * columns.from];
}

template <class T>
HWY_INLINE void write_row(const T* b, T* to, int64_t n, int64_t step, bool stream) {
  if (step != 1) {
    for (int64_t j = 0; j < n; ++j) to[j * step] = b[j];
  } else if (stream && n == tile && reinterpret_cast<uintptr_t>(to) % 64 == 0) {
    const hn::ScalableTag<T> d;
    for (int64_t j = 0; j < tile; j += int64_t(hn::Lanes(d)))
      hn::Stream(hn::Load(d, b + j), d, to + j);
  } else {
    std::memcpy(to, b, size_t(n) * sizeof(T));
  }
}

template <class T>
void copy_tile(const void* from, const CopyDim& rows, const CopyDim& columns, void* to,
               bool stream) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  if (rows.size < few || columns.size < few) {
    for (int64_t j = 0; j < columns.size; ++j)
      for (int64_t i = 0; i < rows.size; ++i)
        y[i * rows.to + j * columns.to] = x[i * rows.from + j * columns.from];
    return;
  }
  alignas(64) T b[size_t(tile) * size_t(tile)];
  read_tile(x, rows, columns, b);
  for (int64_t i = 0; i < rows.size; ++i)
    write_row(b + i * tile, y + i * rows.to, columns.size, columns.to, stream);
}

void copy_tile_of(size_t bytes, const void* from, const CopyDim& rows, const CopyDim& columns,
                  void* to, bool stream) {
  switch (bytes) {
    case 1: return copy_tile<uint8_t>(from, rows, columns, to, stream);
    case 2: return copy_tile<uint16_t>(from, rows, columns, to, stream);
    case 4: return copy_tile<uint32_t>(from, rows, columns, to, stream);
    default: return copy_tile<uint64_t>(from, rows, columns, to, stream);
  }
}

void flush() { hwy::FlushStream(); }

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(copy_tile_of);
HWY_EXPORT(flush);

void copy_turned_tile(size_t bytes, const void* from, const CopyDim& rows, const CopyDim& columns,
                      void* to, bool stream) {
  HWY_DYNAMIC_DISPATCH(copy_tile_of)(bytes, from, rows, columns, to, stream);
}

void flush_streams() { HWY_DYNAMIC_DISPATCH(flush)(); }

}  // namespace taper::kernels
#endif
