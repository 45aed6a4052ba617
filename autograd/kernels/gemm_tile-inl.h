// The innermost loops of products of matrices, for Highway's targets. Included once a target.

#if defined(TAPER_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPER_GEMM_TILE_INL_H_
#undef TAPER_GEMM_TILE_INL_H_
#else
#define TAPER_GEMM_TILE_INL_H_
#endif

#include <hwy/cache_control.h>

#include "autograd/kernels/gemm.h"
#include "autograd/kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// Rows of a and vectors of columns whose sums are in registers at once: what 32 or 16 allow.
constexpr int tile_rows = HWY_TARGET <= HWY_AVX3 ? 8 : 4;
constexpr int tile_vectors = 3;

/// Rows of a and a panel's columns of b, with the steps between them along the inner dimension.
template <class T>
struct Tile {
  const T* a;
  int64_t a_row, a_step;
  int64_t a_tile;  ///< from tile_rows rows to the next
  const T* b;
  int64_t b_step;
  int64_t inner;
  T* c;
  int64_t c_row;
  Start<T> start;

  HWY_INLINE void advance(int64_t rows) {
    a += rows * a_row;
    c += rows * c_row;
    start = start.from(rows, 0);
  }
};

/// Adds what the tile starts with and writes it; load and store are those of the last vectors.
template <int R, int N, class D, class T, class Load, class Store>
HWY_INLINE void finish_tile(D d, hn::Vec<D> (&sums)[R][N], Tile<T> t, const Load& load,
                            const Store& store) {
  const int64_t width = int64_t(hn::Lanes(d)), last = (N - 1) * width;
  HWY_UNROLL(8) for (int i = 0; i < R; ++i) {
    if (t.start.data) {
      HWY_UNROLL(4)
      for (int v = 0; v < N - 1; ++v)
        sums[i][v] = hn::Add(sums[i][v], hn::LoadU(d, t.start.data + v * width));
      sums[i][N - 1] = hn::Add(sums[i][N - 1], load(t.start.data + last));
    }
    HWY_UNROLL(4) for (int v = 0; v < N - 1; ++v) hn::StoreU(sums[i][v], d, t.c + v * width);
    store(sums[i][N - 1], t.c + last);
    t.advance(1);
  }
}

/// R rows of N vectors, of which `columns` elements are there.
template <int R, int N, class T>
HWY_INLINE void multiply_tile(const Tile<T>& t, int64_t columns) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t width = int64_t(hn::Lanes(d)), row = t.a_row;
  V sums[R][N];
  HWY_UNROLL(8) for (int i = 0; i < R; ++i) {
    HWY_UNROLL(4) for (int v = 0; v < N; ++v) sums[i][v] = hn::Zero(d);
  }
  HWY_UNROLL(8) for (int i = 0; i < R; ++i) {
    HWY_UNROLL(4) for (int v = 0; v < N; ++v) hwy::Prefetch(t.c + i * t.c_row + v * width);
  }
  const T *a = t.a, *a4 = t.a + 4 * row, *b = t.b;
  for (int64_t k = t.inner; k > 0; --k) {
    V right[N];
    HWY_UNROLL(4) for (int v = 0; v < N; ++v) right[v] = hn::LoadU(d, b + v * width);
    HWY_UNROLL(8) for (int i = 0; i < R; ++i) {
      const V left = hn::Set(d, i < 4 ? a[i * row] : a4[(i - 4) * row]);
      HWY_UNROLL(4)
      for (int v = 0; v < N; ++v) sums[i][v] = hn::MulAdd(left, right[v], sums[i][v]);
    }
    a += t.a_step, a4 += t.a_step, b += t.b_step;
  }
  const int64_t count = columns - (N - 1) * width;
  if (count >= width)
    finish_tile(
        d, sums, t, [d](const T* p) HWY_ATTR { return hn::LoadU(d, p); },
        [d](V v, T* p) HWY_ATTR { hn::StoreU(v, d, p); });
  else
    finish_tile(
        d, sums, t, [=](const T* p) HWY_ATTR { return load_part(d, p, count); },
        [=](V v, T* p) HWY_ATTR { store_part(d, v, p, count); });
}

template <int R, class T>
HWY_INLINE void multiply_some_rows(const Tile<T>& t, int64_t columns) {
  const int64_t width = int64_t(hn::Lanes(hn::ScalableTag<T>()));
  if (columns > 2 * width) return multiply_tile<R, 3>(t, columns);
  if (columns > width) return multiply_tile<R, 2>(t, columns);
  multiply_tile<R, 1>(t, columns);
}

/// All rows of c from one panel, from t on.
template <class T>
void multiply_panel(Tile<T> t, int64_t rows, int64_t columns) {
  const T* a = t.a;
  for (; rows >= tile_rows; rows -= tile_rows) {
    multiply_some_rows<tile_rows>(t, columns);
    t.advance(tile_rows);
    t.a = a += t.a_tile;
  }
  if (tile_rows > 4 && rows >= 4) {
    multiply_some_rows<4>(t, columns);
    rows -= 4, t.advance(4);
  }
  if (rows >= 2) {
    multiply_some_rows<2>(t, columns);
    rows -= 2, t.advance(2);
  }
  if (rows == 1) multiply_some_rows<1>(t, columns);
}

/// R rows and C columns, summed along vectors of both.
template <int R, int C, class T>
HWY_INLINE void multiply_dot_tile(const T* a, int64_t row, const T* b, int64_t column,
                                  int64_t inner, T* sums) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t width = int64_t(hn::Lanes(d));
  V acc[R][C];
  HWY_UNROLL(4) for (int i = 0; i < R; ++i) {
    HWY_UNROLL(4) for (int j = 0; j < C; ++j) acc[i][j] = hn::Zero(d);
  }
  auto add = [&](auto load) HWY_ATTR {
    V right[C];
    HWY_UNROLL(4) for (int j = 0; j < C; ++j) right[j] = load(b + j * column);
    HWY_UNROLL(4) for (int i = 0; i < R; ++i) {
      const V left = load(a + i * row);
      HWY_UNROLL(4)
      for (int j = 0; j < C; ++j) acc[i][j] = hn::MulAdd(left, right[j], acc[i][j]);
    }
  };
  int64_t k = 0;
  for (; k + width <= inner; k += width, a += width, b += width)
    add([d](const T* p) HWY_ATTR { return hn::LoadU(d, p); });
  if (k < inner) add([=](const T* p) HWY_ATTR { return load_part(d, p, inner - k); });
  HWY_UNROLL(4) for (int i = 0; i < R; ++i) {
    HWY_UNROLL(4)
    for (int j = 0; j < C; ++j) sums[i * C + j] = hn::GetLane(hn::SumOfLanes(d, acc[i][j]));
  }
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
