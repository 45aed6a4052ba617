#include "autograd/kernels/softmax.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/softmax.cpp"
#include <hwy/foreach_target.h>

#include "autograd/kernels/softmax_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

template <class T>
void softmax_of(const SoftmaxRows& rows, bool log, const T* x, T* y) {
  for_each_block<T>(rows, cost::softmax, [&](const Block<T>& block) HWY_ATTR {
    typename Block<T>::Buffer in, out;
    const T* from = block.read(x, in);
    T* to = block.write_to(y, out);
    T max[block_rows], by[block_rows] = {};
    double sum[block_rows];
    exp_sums(block.extent, from, log ? nullptr : to, max, sum);
    for (int64_t j = 0; j < block.extent.rows; ++j)
      by[j] = log ? T(std::log(sum[j])) : T(1 / sum[j]);
    if (log)
      map_rows(block.extent, from, from, max, by, to,
               [](auto, auto v, auto, auto m, auto shift)
                   HWY_ATTR { return hn::Sub(hn::Sub(v, m), shift); });
    else
      map_rows(block.extent, to, to, by, by, to,
               [](auto, auto e, auto, auto scale, auto) HWY_ATTR { return hn::Mul(e, scale); });
    block.written(y, out);
  });
}

template <class T>
void softmax_input_of(const SoftmaxRows& rows, bool log, const T* dy, const T* y, T* dx) {
  double element = log ? cost::softmax : cost::softmax_input;
  for_each_block<T>(rows, element, [&](const Block<T>& block) HWY_ATTR {
    typename Block<T>::Buffer in, of_y, out;
    const T *g = block.read(dy, in), *p = block.read(y, of_y);
    T* to = block.write_to(dx, out);
    T less[block_rows] = {};
    double sum[block_rows];
    if (log)
      row_sums(block.extent, g, g, sum, [](auto, auto v, auto) HWY_ATTR { return v; });
    else
      row_sums(block.extent, g, p, sum,
               [](auto, auto v, auto q) HWY_ATTR { return hn::Mul(v, q); });
    for (int64_t j = 0; j < block.extent.rows; ++j) less[j] = T(sum[j]);
    if (log)
      map_rows(block.extent, g, p, less, less, to,
               [](auto d, auto v, auto q, auto s, auto)
                   HWY_ATTR { return hn::Sub(v, hn::Mul(exp(d, q), s)); });
    else
      map_rows(block.extent, g, p, less, less, to, [](auto, auto v, auto q, auto s, auto) HWY_ATTR {
        return hn::Mul(q, hn::Sub(v, s));
      });
    block.written(dx, out);
  });
}

void softmax_f32(const SoftmaxRows& rows, bool log, const Buffer& x, const Buffer& y) {
  softmax_of(rows, log, x.as<const float>(), y.as<float>());
}
void softmax_f64(const SoftmaxRows& rows, bool log, const Buffer& x, const Buffer& y) {
  softmax_of(rows, log, x.as<const double>(), y.as<double>());
}
void input_f32(const SoftmaxRows& rows, bool log, const Buffer& dy, const Buffer& y,
               const Buffer& dx) {
  softmax_input_of(rows, log, dy.as<const float>(), y.as<const float>(), dx.as<float>());
}
void input_f64(const SoftmaxRows& rows, bool log, const Buffer& dy, const Buffer& y,
               const Buffer& dx) {
  softmax_input_of(rows, log, dy.as<const double>(), y.as<const double>(), dx.as<double>());
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(softmax_f32);
HWY_EXPORT(softmax_f64);
HWY_EXPORT(input_f32);
HWY_EXPORT(input_f64);

void softmax(const SoftmaxRows& rows, bool log, const Buffer& x, const Buffer& y) {
  x.dtype == float32 ? HWY_DYNAMIC_DISPATCH(softmax_f32)(rows, log, x, y)
                     : HWY_DYNAMIC_DISPATCH(softmax_f64)(rows, log, x, y);
}

void softmax_input(const SoftmaxRows& rows, bool log, const Buffer& dy, const Buffer& y,
                   const Buffer& dx) {
  y.dtype == float32 ? HWY_DYNAMIC_DISPATCH(input_f32)(rows, log, dy, y, dx)
                     : HWY_DYNAMIC_DISPATCH(input_f64)(rows, log, dy, y, dx);
}

}  // namespace taper::kernels
#endif
