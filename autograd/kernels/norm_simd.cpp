#include "autograd/kernels/norm_simd.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/norm_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls f(d, first lane, where the vectors start, apart, how many) for the vectors of each run,
/// and rest(where) for the floats behind them, which are one channel's.
template <size_t cap, class F, class R>
HWY_INLINE void for_vectors(const NormRuns& r, const F& f, const R& rest) {
  const hn::CappedTag<float, cap> d;
  const int64_t lanes = int64_t(hn::Lanes(d));
  const int64_t step = r.block == 1 ? lanes : r.block, vectors = r.size / step;
  for (int64_t i = 0; i < r.count; ++i) {
    for (int64_t lane = 0; lane < step; lane += lanes)
      f(d, lane, i * r.pitch + lane, step, vectors);
    for (int64_t at = vectors * step; at < r.size; ++at) rest(i * r.pitch + at);
  }
}

/// The same for either block.
template <class F, class R>
HWY_INLINE void for_runs(const NormRuns& r, const F& f, const R& rest) {
  if (r.block == 8)
    for_vectors<8>(r, f, rest);
  else
    for_vectors<16>(r, f, rest);
}

/// to[i] += v[i] in double.
template <class D>
HWY_INLINE void add_up([[maybe_unused]] D d, hn::Vec<D> v, double* to) {
#if HWY_TARGET == HWY_SCALAR
  *to += double(hn::GetLane(v));
#else
  const hn::Half<D> half;
  const hn::Rebind<double, hn::Half<D>> wide;
  double* upper = to + hn::Lanes(half);
  auto low = hn::PromoteTo(wide, hn::LowerHalf(half, v));
  auto high = hn::PromoteTo(wide, hn::UpperHalf(half, v));
  hn::StoreU(hn::Add(hn::LoadU(wide, to), low), wide, to);
  hn::StoreU(hn::Add(hn::LoadU(wide, upper), high), wide, upper);
#endif
}

/// Adds up two numbers for each of `vectors` vectors: f(place, a, b) adds them to a and b.
template <class D, class F>
HWY_INLINE void sum_two(D d, int64_t at, int64_t step, int64_t vectors, double* sum_a,
                        double* sum_b, const F& f) {
  constexpr int64_t strip = 16;
  for (int64_t v = 0; v < vectors; v += strip) {
    auto a = hn::Zero(d), b = hn::Zero(d);
    for (int64_t k = v; k < std::min(v + strip, vectors); ++k) f(at + k * step, a, b);
    add_up(d, a, sum_a);
    add_up(d, b, sum_b);
  }
}

void moments(const NormRuns& r, const float* x, const float* origin, double* sum, double* squares) {
  for_runs(
      r,
      [&](auto d, int64_t lane, int64_t at, int64_t step, int64_t vectors) HWY_ATTR {
        const auto first = hn::LoadU(d, origin + lane);
        sum_two(d, at, step, vectors, sum + lane, squares + lane,
                [&](int64_t i, auto& a, auto& b) HWY_ATTR {
                  auto v = hn::Sub(hn::LoadU(d, x + i), first);
                  a = hn::Add(a, v);
                  b = hn::MulAdd(v, v, b);
                });
      },
      [&](int64_t i) {
        double v = double(x[i]) - double(origin[0]);
        sum[0] += v;
        squares[0] += v * v;
      });
}

void apply(const NormRuns& r, const float* x, const float* mean, const float* scale,
           const float* shift, float* y) {
  for_runs(
      r,
      [&](auto d, int64_t lane, int64_t at, int64_t step, int64_t vectors) HWY_ATTR {
        const auto m = hn::LoadU(d, mean + lane), s = hn::LoadU(d, scale + lane),
                   b = hn::LoadU(d, shift + lane);
        for (int64_t i = at; i < at + vectors * step; i += step)
          hn::StoreU(hn::MulAdd(hn::Sub(hn::LoadU(d, x + i), m), s, b), d, y + i);
      },
      [&](int64_t i) { y[i] = (x[i] - mean[0]) * scale[0] + shift[0]; });
}

void products(const NormRuns& r, const float* dy, const float* x, const float* mean, double* sum,
              double* product) {
  for_runs(
      r,
      [&](auto d, int64_t lane, int64_t at, int64_t step, int64_t vectors) HWY_ATTR {
        const auto m = hn::LoadU(d, mean + lane);
        sum_two(d, at, step, vectors, sum + lane, product + lane,
                [&](int64_t i, auto& a, auto& b) HWY_ATTR {
                  auto g = hn::LoadU(d, dy + i);
                  a = hn::Add(a, g);
                  b = hn::MulAdd(g, hn::Sub(hn::LoadU(d, x + i), m), b);
                });
      },
      [&](int64_t i) {
        sum[0] += double(dy[i]);
        product[0] += double(dy[i]) * (double(x[i]) - double(mean[0]));
      });
}

void gradient(const NormRuns& r, const float* dy, const float* x, const float* mean,
              const float* scale, const float* less, const float* slope, float* dx) {
  for_runs(
      r,
      [&](auto d, int64_t lane, int64_t at, int64_t step, int64_t vectors) HWY_ATTR {
        const auto m = hn::LoadU(d, mean + lane), s = hn::LoadU(d, scale + lane),
                   l = hn::LoadU(d, less + lane), k = hn::LoadU(d, slope + lane);
        for (int64_t i = at; i < at + vectors * step; i += step) {
          auto g = hn::Sub(hn::LoadU(d, dy + i), l);
          auto v = hn::Sub(hn::LoadU(d, x + i), m);
          hn::StoreU(hn::Mul(s, hn::NegMulAdd(v, k, g)), d, dx + i);
        }
      },
      [&](int64_t i) { dx[i] = scale[0] * (dy[i] - less[0] - (x[i] - mean[0]) * slope[0]); });
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(moments);
HWY_EXPORT(apply);
HWY_EXPORT(products);
HWY_EXPORT(gradient);

void norm_moments(const NormRuns& r, const float* x, const float* origin, double* sum,
                  double* squares) {
  HWY_DYNAMIC_DISPATCH(moments)(r, x, origin, sum, squares);
}
void norm_apply(const NormRuns& r, const float* x, const float* mean, const float* scale,
                const float* shift, float* y) {
  HWY_DYNAMIC_DISPATCH(apply)(r, x, mean, scale, shift, y);
}
void norm_products(const NormRuns& r, const float* dy, const float* x, const float* mean,
                   double* sum, double* product) {
  HWY_DYNAMIC_DISPATCH(products)(r, dy, x, mean, sum, product);
}
void norm_gradient(const NormRuns& r, const float* dy, const float* x, const float* mean,
                   const float* scale, const float* less, const float* slope, float* dx) {
  HWY_DYNAMIC_DISPATCH(gradient)(r, dy, x, mean, scale, less, slope, dx);
}

}  // namespace taper::kernels
#endif
