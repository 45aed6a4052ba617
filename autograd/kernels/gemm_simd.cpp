#include "autograd/kernels/gemm_simd.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/gemm_simd.cpp"
#include <hwy/foreach_target.h>

#include "autograd/kernels/gemm_tile-inl.h"
#include "autograd/kernels/turn_square-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// So many rows of b are multiplied before the next: with fewer a panel of 64-byte vectors would
/// stay in the first cache, but c be read and written more often, which costs more (AVX-512).
constexpr int64_t most_inner = 352;
/// So many columns of b are copied before they are multiplied.
constexpr int64_t most_columns = 768;
/// So many rows of a are multiplied before the next: they stay in the second cache.
constexpr int64_t most_rows = 128;

template <class T>
int64_t lanes() {
  return int64_t(hn::Lanes(hn::ScalableTag<T>()));
}
template <class T>
int64_t panel_width() {
  return tile_vectors * lanes<T>();
}
inline int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

/// Rows of b in a block: as many in each but the last.
inline int64_t inner_block(int64_t inner) {
  int64_t blocks = std::max<int64_t>((inner + most_inner - 1) / most_inner, 1);
  return (inner + blocks - 1) / blocks;
}

/// Calls f(first, how many) for each block of b's rows, one of none if there are none.
template <class F>
HWY_INLINE void for_each_block(int64_t inner, const F& f) {
  const int64_t block = inner_block(inner);
  int64_t k = 0;
  do f(k, std::min(block, inner - k));
  while ((k += block) < inner);
}

/// Where a block's panels lie: panel p at data + p * panel, its rows `step` apart.
template <class T>
struct Panels {
  const T* data;
  int64_t panel;
  int64_t step;  ///< 0: one row after the other
};

/// a_tile: from tile_rows rows of a to the next.
template <class T>
void multiply_block(const Matrix<const T>& a, int64_t a_tile, const Panels<T>& b,
                    const Matrix<T>& c, const Start<T>& start) {
  const int64_t width = lanes<T>(), wide = panel_width<T>();
  for (int64_t j = 0; j < c.columns; j += wide) {
    const int64_t n = std::min(wide, c.columns - j);
    multiply_panel(Tile<T>{a.data, a.row, a.column, a_tile, b.data + j / wide * b.panel,
                           b.step ? b.step : round_up(n, width), a.columns, c.data + j, c.row,
                           start.from(0, j)},
                   c.rows, n);
  }
}

/// One panel of n columns, zeros behind them to `padded`.
template <class T>
void pack_panel(const Matrix<const T>& b, int64_t padded, T* to) {
  const int64_t n = b.columns;
  int64_t turned = 0, whole = 0;  // rows and columns that are turned in squares
#if HWY_TARGET != HWY_SCALAR
  constexpr int64_t side = square_side<T>();
  if (b.row == 1 && b.column != 1) {
    using Bits = hwy::MakeUnsigned<T>;
    turned = b.rows / side * side, whole = n / side * side;
    for (int64_t j = 0; j < whole; j += side)
      for (int64_t k = 0; k < turned; k += side)
        turn_square(reinterpret_cast<const Bits*>(b.data + k + j * b.column), b.column,
                    reinterpret_cast<Bits*>(to + k * padded + j), padded);
  }
#endif
  const hn::ScalableTag<T> d;
  for (int64_t k = 0; k < b.rows; ++k, to += padded) {
    const T* from = b.data + k * b.row;
    if (b.column == 1) {
      int64_t j = 0;
      for (; j + lanes<T>() <= n; j += lanes<T>()) hn::StoreU(hn::LoadU(d, from + j), d, to + j);
      for (; j < padded; j += lanes<T>())
        store_part(d, load_part(d, from + j, std::max(n - j, int64_t(0))), to + j, padded - j);
      continue;
    }
    for (int64_t j = k < turned ? whole : 0; j < n; ++j) to[j] = from[j * b.column];
    std::fill_n(to + n, padded - n, T(0));
  }
}

template <class T>
void pack_block(const Matrix<const T>& b, T* panels) {
  const int64_t wide = panel_width<T>();
  for (int64_t j = 0; j < b.columns; j += wide) {
    const int64_t n = std::min(wide, b.columns - j);
    pack_panel(b.columns_from(j, n), round_up(n, lanes<T>()), panels + j * b.rows);
  }
}

template <class T>
void pack_all(const Matrix<const T>& b, T* panels) {
  const int64_t padded = round_up(b.columns, lanes<T>());
  for_each_block(b.rows,
                 [&](int64_t k, int64_t n) { pack_block(b.rows_from(k, n), panels + k * padded); });
}

template <class T>
int64_t elements_of(int64_t inner, int64_t columns) {
  return inner * round_up(columns, lanes<T>());
}

/// A matrix that stays in the first cache where it lies: of 64 sets of lines, 8 each.
template <class T>
bool is_small(const Matrix<const T>& m) {
  constexpr int64_t line = 64, sets = 64, ways = 8, size = sizeof(T);
  const bool across = m.row == 1;
  const int64_t runs = across ? m.columns : m.rows, step = (across ? m.column : m.row) * size;
  const int64_t touched = std::min(step, round_up((across ? m.rows : m.columns) * size, line));
  const int64_t apart = std::min(step & -step, line * sets);  // runs meet in sets that far apart
  return runs * touched <= line * sets * ways && runs * apart <= line * sets * ways;
}

/// Whether tiles of a are copied: their rows would come from far apart, time and again.
template <class T>
bool gathers(const Matrix<const T>& a, const Matrix<T>& c) {
  return a.column != 1 && c.rows > 1 && !is_small(a);
}

/// Memory for those tiles, if they are to be copied.
template <class T>
struct TileRoom {
  TileRoom(const Matrix<const T>& a, const Matrix<T>& c)
      : scratch(gathers(a, c) ? size_t(std::min(most_rows, round_up(c.rows, tile_rows)) *
                                       inner_block(a.columns)) *
                                    sizeof(T)
                              : 0),
        data(static_cast<T*>(scratch.data())) {}
  Scratch scratch;
  T* data;
};

constexpr int64_t two_tiles = int64_t(2) * tile_rows;

/// Copies tiles of rows that lie side by side: two at a time, for some steps along the inner
/// dimension, so that what lies in a line of the cache is read at once, and a run of lines too.
template <class T>
void gather_beside(const Matrix<const T>& a, T* to) {
  constexpr int64_t steps = 16;
  const int64_t tile = tile_rows * a.columns;
  for (int64_t k = 0; k < a.columns; k += steps) {
    const int64_t end = std::min(k + steps, a.columns);
    for (int64_t i = 0; i + two_tiles <= a.rows; i += two_tiles)
      for (int64_t s = k; s < end; ++s) {
        const T* from = a.data + s * a.column + i;
        T* first = to + i * a.columns + s * tile_rows;
        std::copy_n(from, tile_rows, first);
        std::copy_n(from + tile_rows, tile_rows, first + tile);
      }
  }
}

/// Copies tiles of a, one after the other; of each the rows' elements lie together for each k.
template <class T>
void gather_tiles(const Matrix<const T>& a, T* to) {
  gather_beside(a, to);
  for (int64_t i = a.rows / two_tiles * two_tiles; i < a.rows; i += tile_rows) {
    const int64_t n = std::min<int64_t>(tile_rows, a.rows - i);
    pack_panel<T>(a.rows_from(i, n).transposed(), tile_rows, to + i * a.columns);
  }
}

/// All rows of a, by tiles copied to `room` if there is any.
template <class T>
void multiply_rows(const Matrix<const T>& a, const Panels<T>& b, const Matrix<T>& c,
                   const Start<T>& start, T* room) {
  const int64_t tile = tile_rows * a.columns;
  for (int64_t i = 0; i < c.rows; i += most_rows) {
    const int64_t rows = std::min(most_rows, c.rows - i);
    const Matrix<T> to = c.rows_from(i, rows);
    if (!room) {
      multiply_block(a.rows_from(i, rows), tile_rows * a.row, b, to, start.from(i, 0));
      continue;
    }
    gather_tiles(a.rows_from(i, rows), room);
    multiply_block<T>({room, rows, a.columns, 1, tile_rows}, tile, b, to, start.from(i, 0));
  }
}

template <class T>
void multiply_packed(const Matrix<const T>& a, const T* panels, int64_t columns, int64_t first,
                     const Matrix<T>& c, const Start<T>& start) {
  const int64_t padded = round_up(columns, lanes<T>());
  TileRoom<T> room(a, c);
  for_each_block(a.columns, [&](int64_t k, int64_t n) {
    Panels<T> b{panels + k * padded + first * n, panel_width<T>() * n, 0};
    multiply_rows<T>(a.columns_from(k, n), b, c, k == 0 ? start : Start<T>{c.data, c.row},
                     room.data);
  });
}

/// All of b's columns in panels at `room`, or where they lie without one.
template <class T>
void multiply_columns(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,
                      const Start<T>& start, T* room) {
  const int64_t wide = panel_width<T>();
  TileRoom<T> tiles(a, c);
  for_each_block(a.columns, [&](int64_t k, int64_t n) {
    Matrix<const T> block = b.rows_from(k, n);
    if (room) pack_block(block, room);
    multiply_rows<T>(a.columns_from(k, n),
                     room ? Panels<T>{room, wide * n, 0} : Panels<T>{block.data, wide, b.row}, c,
                     k == 0 ? start : Start<T>{c.data, c.row}, tiles.data);
  });
}

/// Columns of b that are read where they lie: a copy would not be repaid.
template <class T>
int64_t columns_in_place(const Matrix<const T>& a, const Matrix<const T>& b) {
  const int64_t whole = b.columns / lanes<T>() * lanes<T>();
  if (b.column != 1) return 0;
  return a.rows <= 4 * tile_rows || (whole == b.columns && is_small(b)) ? whole : 0;
}

template <class T>
void multiply(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,
              const Start<T>& start) {
  const int64_t in_place = columns_in_place(a, b), left = c.columns - in_place;
  if (in_place)
    multiply_columns<T>(a, b.columns_from(0, in_place), c.columns_from(0, in_place), start,
                        nullptr);
  if (left == 0) return;
  const int64_t part = std::min(left, most_columns);
  Scratch scratch(size_t(elements_of<T>(inner_block(a.columns), part)) * sizeof(T));
  for (int64_t j = in_place; j < c.columns; j += part) {
    const int64_t n = std::min(part, c.columns - j);
    multiply_columns<T>(a, b.columns_from(j, n), c.columns_from(j, n), start.from(0, j),
                        static_cast<T*>(scratch.data()));
  }
}

/// Four rows or columns at a time.
template <class T>
void multiply_dots_of(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,
                      const Start<T>& start) {
  auto tile = [&]<int R, int C>(int64_t i, int64_t j) HWY_ATTR {
    T sums[size_t(R * C)];
    multiply_dot_tile<R, C>(a.data + i * a.row, a.row, b.data + j * b.column, b.column, a.columns,
                            sums);
    for (int r = 0; r < R; ++r)
      for (int s = 0; s < C; ++s) {
        const Start<T> from = start.from(i + r, j + s);
        c.data[(i + r) * c.row + j + s] = sums[r * C + s] + (from.data ? *from.data : T(0));
      }
  };
  int64_t i = 0;
  for (; i < c.rows; i += c.rows - i >= 4 ? 4 : 1) {
    const bool four = c.rows - i >= 4;
    int64_t j = 0;
    for (; j + 4 <= c.columns; j += 4)
      four ? tile.template operator()<4, 4>(i, j) : tile.template operator()<1, 4>(i, j);
    for (; j < c.columns; ++j)
      four ? tile.template operator()<4, 1>(i, j) : tile.template operator()<1, 1>(i, j);
  }
}

#define FOR_TYPE(T, name)                                                                       \
  int64_t columns_##name() { return panel_width<T>(); }                                         \
  int64_t elements_##name(int64_t inner, int64_t columns) {                                     \
    return elements_of<T>(inner, columns);                                                      \
  }                                                                                             \
  void pack_##name(const Matrix<const T>& b, T* panels) { pack_all(b, panels); }                \
  void panels_##name(const Matrix<const T>& a, const T* panels, int64_t columns, int64_t first, \
                     const Matrix<T>& c, const Start<T>& start) {                               \
    multiply_packed(a, panels, columns, first, c, start);                                       \
  }                                                                                             \
  void tiles_##name(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,     \
                    const Start<T>& start) {                                                    \
    multiply(a, b, c, start);                                                                   \
  }                                                                                             \
  void dots_##name(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,      \
                   const Start<T>& start) {                                                     \
    multiply_dots_of(a, b, c, start);                                                           \
  }
FOR_TYPE(float, f32)
FOR_TYPE(double, f64)
#undef FOR_TYPE

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace taper::kernels {

#define FOR_TYPE(T, name)                                                                        \
  HWY_EXPORT(columns_##name);                                                                    \
  HWY_EXPORT(elements_##name);                                                                   \
  HWY_EXPORT(pack_##name);                                                                       \
  HWY_EXPORT(panels_##name);                                                                     \
  HWY_EXPORT(tiles_##name);                                                                      \
  HWY_EXPORT(dots_##name);                                                                       \
  template <>                                                                                    \
  int64_t panel_columns<T>() {                                                                   \
    return HWY_DYNAMIC_DISPATCH(columns_##name)();                                               \
  }                                                                                              \
  template <>                                                                                    \
  int64_t panel_elements<T>(int64_t inner, int64_t columns) {                                    \
    return HWY_DYNAMIC_DISPATCH(elements_##name)(inner, columns);                                \
  }                                                                                              \
  template <>                                                                                    \
  void pack_panels<T>(const Matrix<const T>& b, T* panels) {                                     \
    HWY_DYNAMIC_DISPATCH(pack_##name)(b, panels);                                                \
  }                                                                                              \
  template <>                                                                                    \
  void multiply_panels<T>(const Matrix<const T>& a, const T* panels, int64_t columns,            \
                          int64_t first, const Matrix<T>& c, const Start<T>& start) {            \
    HWY_DYNAMIC_DISPATCH(panels_##name)(a, panels, columns, first, c, start);                    \
  }                                                                                              \
  template <>                                                                                    \
  void multiply_tiles<T>(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c, \
                         const Start<T>& start) {                                                \
    HWY_DYNAMIC_DISPATCH(tiles_##name)(a, b, c, start);                                          \
  }                                                                                              \
  template <>                                                                                    \
  void multiply_dots<T>(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c,  \
                        const Start<T>& start) {                                                 \
    HWY_DYNAMIC_DISPATCH(dots_##name)(a, b, c, start);                                           \
  }
FOR_TYPE(float, f32)
FOR_TYPE(double, f64)
#undef FOR_TYPE

}  // namespace taper::kernels

#endif
