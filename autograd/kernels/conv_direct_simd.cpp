#include "autograd/kernels/conv_direct_simd.h"

#include <algorithm>
#include <atomic>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/conv_direct_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, size_t(direct_lanes)>;
using V = hn::Vec<D>;

/// Vectors that one output has in registers at once: what 32 or 16 of them allow.
constexpr int registers(int outputs) {
  constexpr int wide[] = {8, 8, 6, 5}, narrow[] = {8, 4, 3, 2};
  return (HWY_TARGET <= HWY_AVX3 ? wide : narrow)[outputs - 1];
}

template <int O, int N>
HWY_INLINE void correlate_block(const Correlation& c, const float* from, float* to, int64_t pitch) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V sums[O][N];
  HWY_UNROLL(4) for (int o = 0; o < O; ++o) {
    HWY_UNROLL(8)
    for (int v = 0; v < N; ++v) sums[o][v] = hn::Set(d, c.start ? c.start[o] : 0.0f);
  }
  const float* weights = c.weights;
  for (int64_t t = 0; t < c.taps; ++t, weights += O) {
    const float* at = from + c.offsets[t];
    V x[N];
    HWY_UNROLL(8) for (int v = 0; v < N; ++v) x[v] = hn::LoadU(d, at + size_t(v) * lanes);
    HWY_UNROLL(4) for (int o = 0; o < O; ++o) {
      V w = hn::Set(d, weights[o]);
      HWY_UNROLL(8) for (int v = 0; v < N; ++v) sums[o][v] = hn::MulAdd(w, x[v], sums[o][v]);
    }
  }
  HWY_UNROLL(4) for (int o = 0; o < O; ++o) {
    HWY_UNROLL(8)
    for (int v = 0; v < N; ++v) hn::StoreU(sums[o][v], d, to + o * pitch + size_t(v) * lanes);
  }
}

template <int O>
void correlate_outputs(const Correlation& c, const float* from, float* to, int64_t pitch,
                       int64_t n) {
  constexpr int block = registers(O);
  const int64_t lanes = int64_t(hn::Lanes(D())), step = block * lanes;
  int64_t end = (n + lanes - 1) / lanes * lanes, p = 0;
  for (; p + step <= end; p += step) correlate_block<O, block>(c, from + p, to + p, pitch);
  if (p > 0 && p + lanes < end) {  // the last ones again, which costs less than a narrow block
    correlate_block<O, block>(c, from + end - step, to + end - step, pitch);
    return;
  }
  for (; p + 2 * lanes <= end; p += 2 * lanes) correlate_block<O, 2>(c, from + p, to + p, pitch);
  for (; p < end; p += lanes) correlate_block<O, 1>(c, from + p, to + p, pitch);
}

void correlate_all(const Correlation& c, const float* from, float* to, int64_t pitch, int64_t n) {
  switch (c.outputs) {
    case 1: return correlate_outputs<1>(c, from, to, pitch, n);
    case 2: return correlate_outputs<2>(c, from, to, pitch, n);
    case 3: return correlate_outputs<3>(c, from, to, pitch, n);
    default: return correlate_outputs<4>(c, from, to, pitch, n);
  }
}

/// The sums of O outputs with T taps.
template <int O, int T>
HWY_INLINE void gradient_block(const int32_t* offsets, const float* from, const float* dy,
                               int64_t pitch, int64_t n, float* sums, int64_t taps) {
  const D d;
  const int64_t lanes = int64_t(hn::Lanes(d));
  V acc[O][T];
  HWY_UNROLL(4) for (int o = 0; o < O; ++o) {
    HWY_UNROLL(4)
    for (int t = 0; t < T; ++t) acc[o][t] = hn::LoadU(d, sums + (o * taps + t) * direct_lanes);
  }
  const float* at[T];
  HWY_UNROLL(4) for (int t = 0; t < T; ++t) at[t] = from + offsets[t];
  for (int64_t p = 0; p < n; p += lanes) {
    V x[T];
    HWY_UNROLL(4) for (int t = 0; t < T; ++t) x[t] = hn::LoadU(d, at[t] + p);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // GCC 12 would load x once for each o
    HWY_UNROLL(4) for (int o = 0; o < O; ++o) {
      V g = hn::Load(d, dy + o * pitch + p);
      HWY_UNROLL(4) for (int t = 0; t < T; ++t) acc[o][t] = hn::MulAdd(g, x[t], acc[o][t]);
    }
  }
  HWY_UNROLL(4) for (int o = 0; o < O; ++o) {
    HWY_UNROLL(4)
    for (int t = 0; t < T; ++t) hn::StoreU(acc[o][t], d, sums + (o * taps + t) * direct_lanes);
  }
}

template <int O>
void gradient_outputs(const Correlation& c, const float* from, const float* dy, int64_t pitch,
                      int64_t n, float* sums) {
  constexpr int block = HWY_TARGET <= HWY_AVX3 ? 4 : 3;
  int64_t t = 0;
  auto at = [&](int64_t tap) { return sums + tap * direct_lanes; };
  auto wide = [&](int64_t left) { return left >= block && (left > 9 || left % 3); };
  for (; wide(c.taps - t); t += block)
    gradient_block<O, block>(c.offsets + t, from, dy, pitch, n, at(t), c.taps);
  for (; t + 3 <= c.taps; t += 3)
    gradient_block<O, 3>(c.offsets + t, from, dy, pitch, n, at(t), c.taps);
  for (; t < c.taps; ++t) gradient_block<O, 1>(c.offsets + t, from, dy, pitch, n, at(t), c.taps);
}

void gradient_all(const Correlation& c, const float* from, float* dy, int64_t pitch, int64_t n,
                  float* sums) {
  for (int o = 0; o < c.outputs; ++o) hn::StoreU(hn::Zero(D()), D(), dy + o * pitch + n);
  switch (c.outputs) {
    case 1: return gradient_outputs<1>(c, from, dy, pitch, n, sums);
    case 2: return gradient_outputs<2>(c, from, dy, pitch, n, sums);
    case 3: return gradient_outputs<3>(c, from, dy, pitch, n, sums);
    default: return gradient_outputs<4>(c, from, dy, pitch, n, sums);
  }
}

HWY_INLINE void copy_row(float* to, const float* from, int64_t n) {
  const D d;
  const int64_t lanes = int64_t(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
#if HWY_TARGET <= HWY_AVX2
  if (i == n) return;
  auto rest = hn::FirstN(d, size_t(n - i));
  hn::BlendedStore(hn::MaskedLoad(rest, d, from + i), rest, d, to + i);
#else
  for (; i < n; ++i) to[i] = from[i];
#endif
}

void copy_all(float* to, ChannelRows t, const float* from, ChannelRows f, int64_t channels,
              int64_t rows, int64_t n) {
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t r = 0; r < rows; ++r)
      copy_row(to + c * t.channel + r * t.row, from + c * f.channel + r * f.row, n);
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace taper::kernels {

HWY_EXPORT(correlate_all);
HWY_EXPORT(gradient_all);
HWY_EXPORT(copy_all);

void correlate(const Correlation& c, const float* from, float* to, int64_t pitch, int64_t n) {
  HWY_DYNAMIC_DISPATCH(correlate_all)(c, from, to, pitch, n);
}

void correlate_gradient(const Correlation& c, const float* from, float* dy, int64_t pitch,
                        int64_t n, float* sums) {
  HWY_DYNAMIC_DISPATCH(gradient_all)(c, from, dy, pitch, n, sums);
}

void copy_rows(float* to, ChannelRows t, const float* from, ChannelRows f, int64_t channels,
               int64_t rows, int64_t n) {
  HWY_DYNAMIC_DISPATCH(copy_all)(to, t, from, f, channels, rows, n);
}

}  // namespace taper::kernels

#endif
