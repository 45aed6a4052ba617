#include <cmath>

#include "autograd/kernels/norm.h"
#include "autograd/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/layer_norm.cpp"
#include <hwy/foreach_target.h>

#include "autograd/kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// One row, with weight and bias perhaps null.
template <class T>
HWY_INLINE void row(int64_t n, double eps, const T* x, const T* weight, const T* bias, T* mean,
                    T* rstd, T* y) {
  const hn::ScalableTag<T> d;
  LaneSums<T> sums, squares;
  for_each_vector<T>(
      n, [&](int64_t i, int64_t count) HWY_ATTR { sums.add(load_part(d, x + i, count)); });
  double middle = sums.total() / double(n);
  const auto m = hn::Set(d, T(middle));
  for_each_vector<T>(n, [&](int64_t i, int64_t count) HWY_ATTR {
    auto off = hn::Sub(load_part(d, x + i, count, T(middle)), m);
    squares.add(hn::Mul(off, off));
  });
  double rounded = middle - double(T(middle));
  double var = std::max(squares.total() / double(n) - rounded * rounded, 0.0);
  *mean = T(middle);
  *rstd = T(1 / std::sqrt(var + eps));
  const auto scale = hn::Set(d, *rstd);
  for_each_vector<T>(n, [&](int64_t i, int64_t count) HWY_ATTR {
    auto v = hn::Mul(hn::Sub(load_part(d, x + i, count), m), scale);
    if (weight) v = hn::Mul(v, load_part(d, weight + i, count));
    if (bias) v = hn::Add(v, load_part(d, bias + i, count));
    store_part(d, v, y + i, count);
  });
}

/// dx of one row.
template <class T>
HWY_INLINE void row_input(int64_t n, const T* dy, const T* x, const T* weight, T mean, T rstd,
                          T* dx) {
  const hn::ScalableTag<T> d;
  const auto m = hn::Set(d, mean), scale = hn::Set(d, rstd);
  auto g_at = [&](int64_t i, int64_t count) HWY_ATTR {
    auto g = load_part(d, dy + i, count);
    return weight ? hn::Mul(g, load_part(d, weight + i, count)) : g;
  };
  LaneSums<T> sums, products;
  for_each_vector<T>(n, [&](int64_t i, int64_t count) HWY_ATTR {
    auto g = g_at(i, count);
    sums.add(g);
    products.add(hn::Mul(g, hn::Sub(load_part(d, x + i, count, mean), m)));
  });
  const auto less = hn::Set(d, T(sums.total() / double(n)));
  const auto slope = hn::Set(d, T(products.total() * double(rstd) * double(rstd) / double(n)));
  for_each_vector<T>(n, [&](int64_t i, int64_t count) HWY_ATTR {
    auto off = hn::Mul(hn::Sub(load_part(d, x + i, count), m), slope);
    auto v = hn::Mul(scale, hn::Sub(hn::Sub(g_at(i, count), less), off));
    store_part(d, v, dx + i, count);
  });
}

/// As many rows are added up in registers.
constexpr int64_t row_block = 16;

/// dweight and dbias of `count` columns from dy and x on, at most a vector of them.
template <class T>
HWY_INLINE void columns(const NormRows& r, int64_t count, const T* dy, const T* x, const T* mean,
                        const T* rstd, T* dweight, T* dbias) {
  const hn::ScalableTag<T> d;
  LaneSums<T> sums, products;
  for (int64_t first = 0; first < r.rows; first += row_block) {
    auto sum = hn::Zero(d), product = sum;
    for (int64_t i = first; i < std::min(first + row_block, r.rows); ++i) {
      auto g = load_part(d, dy + i * r.columns, count);
      auto off = hn::Sub(load_part(d, x + i * r.columns, count), hn::Set(d, mean[i]));
      sum = hn::Add(sum, g);
      product = hn::MulAdd(g, hn::Mul(off, hn::Set(d, rstd[i])), product);
    }
    sums.add(sum);
    products.add(product);
  }
  double of_lanes[hn::MaxLanes(hn::ScalableTag<T>())];
  sums.store(of_lanes);
  for (int64_t j = 0; j < count; ++j) dbias[j] = T(of_lanes[j]);
  products.store(of_lanes);
  for (int64_t j = 0; j < count; ++j) dweight[j] = T(of_lanes[j]);
}

template <class T>
void rows_of(const NormRows& r, double eps, const Buffer& x, const Buffer& weight,
             const Buffer& bias, const Buffer& stats, const Buffer& y) {
  T *mean = stats.as<T>(), *rstd = mean + r.rows;
  parallel_for(r.rows, grain_for(cost::layer_norm * double(r.columns)),
               [&](int64_t begin, int64_t end) HWY_ATTR {
                 for (int64_t i = begin; i < end; ++i)
                   row(r.columns, eps, x.as<const T>() + i * r.columns, weight.as<const T>(),
                       bias.as<const T>(), mean + i, rstd + i, y.as<T>() + i * r.columns);
               });
}

template <class T>
void gradients_of(const NormRows& r, const Buffer& dy, const Buffer& x, const Buffer& weight,
                  const Buffer& stats, const Buffer& dx, const Buffer& dweight,
                  const Buffer& dbias) {
  const T *px = x.as<const T>(), *pdy = dy.as<const T>(), *mean = stats.as<const T>(),
          *rstd = mean + r.rows;
  parallel_for(r.rows, grain_for(cost::layer_norm * double(r.columns)),
               [&](int64_t begin, int64_t end) HWY_ATTR {
                 for (int64_t i = begin; i < end; ++i)
                   row_input(r.columns, pdy + i * r.columns, px + i * r.columns,
                             weight.as<const T>(), mean[i], rstd[i], dx.as<T>() + i * r.columns);
               });
  parallel_for(r.columns, grain_for(cost::layer_norm * double(r.rows)),
               [&](int64_t begin, int64_t end) HWY_ATTR {
                 for_each_vector<T>(end - begin, [&](int64_t j, int64_t count) HWY_ATTR {
                   j += begin;
                   columns(r, std::min(count, int64_t(hn::Lanes(hn::ScalableTag<T>()))), pdy + j,
                           px + j, mean, rstd, dweight.as<T>() + j, dbias.as<T>() + j);
                 });
               });
}

#define FORMS(suffix, T)                                                                   \
  void norm_##suffix(const NormRows& r, double eps, const Buffer& x, const Buffer& weight, \
                     const Buffer& bias, const Buffer& stats, const Buffer& y) {           \
    rows_of<T>(r, eps, x, weight, bias, stats, y);                                         \
  }                                                                                        \
  void gradients_##suffix(const NormRows& r, const Buffer& dy, const Buffer& x,            \
                          const Buffer& weight, const Buffer& stats, const Buffer& dx,     \
                          const Buffer& dweight, const Buffer& dbias) {                    \
    gradients_of<T>(r, dy, x, weight, stats, dx, dweight, dbias);                          \
  }
FORMS(f32, float)
FORMS(f64, double)
#undef FORMS

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(norm_f32);
HWY_EXPORT(norm_f64);
HWY_EXPORT(gradients_f32);
HWY_EXPORT(gradients_f64);

void layer_norm(const NormRows& r, double eps, const Buffer& x, const Buffer& weight,
                const Buffer& bias, const Buffer& stats, const Buffer& y) {
  auto run = x.dtype == float32 ? HWY_DYNAMIC_DISPATCH(norm_f32) : HWY_DYNAMIC_DISPATCH(norm_f64);
  run(r, eps, x, weight, bias, stats, y);
}

void layer_norm_backward(const NormRows& r, const Buffer& dy, const Buffer& x, const Buffer& weight,
                         const Buffer& stats, const Buffer& dx, const Buffer& dweight,
                         const Buffer& dbias) {
  auto run = x.dtype == float32 ? HWY_DYNAMIC_DISPATCH(gradients_f32)
                                : HWY_DYNAMIC_DISPATCH(gradients_f64);
  run(r, dy, x, weight, stats, dx, dweight, dbias);
}

}  // namespace taper::kernels
#endif
