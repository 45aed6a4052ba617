#include <cmath>

#include "autograd/kernels/softmax.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/cross_entropy.cpp"
#include <hwy/foreach_target.h>

#include "autograd/kernels/softmax_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

/// The target of row r: how much each class counts in its loss.
template <class T>
class RowTarget {
 public:
  RowTarget(const CrossEntropyTarget& t, const SoftmaxRows& rows, int64_t r)
      : weight_(t.weight.as<const T>()),
        classes_(rows.classes),
        step_(rows.inner),
        smoothing_(T(t.label_smoothing)),
        everywhere_(T(t.label_smoothing / double(rows.classes))) {
    if (t.classes)
      class_ = t.classes.as<const int64_t>()[r];
    else
      probabilities_ = t.probabilities.as<const T>() + rows.start(r);
    ignored_ = t.classes && class_ == t.ignore_index;
  }
  bool ignored() const { return ignored_; }
  /// Calls f(class, q) for those that count.
  template <class F>
  void each(const F& f) const {
    if (probabilities_ || smoothing_ != 0)
      for (int64_t c = 0; c < classes_; ++c) f(c, (*this)(c));
    else
      f(class_, (*this)(class_));
  }
  double sum() const {
    double sum = 0;
    each([&](int64_t, T q) { sum += double(q); });
    return sum;
  }

 private:
  T operator()(int64_t c) const {
    T q = probabilities_ ? probabilities_[c * step_] : T(c == class_);
    return ((T(1) - smoothing_) * q + everywhere_) * (weight_ ? weight_[c] : T(1));
  }

  const T* weight_;
  const T* probabilities_ = nullptr;
  int64_t class_ = -1, classes_, step_;
  T smoothing_, everywhere_;
  bool ignored_;
};

template <class T>
void losses_of(const SoftmaxRows& rows, const CrossEntropyTarget& target, const T* x,
               double* losses) {
  for_each_block<T>(rows, cost::softmax, [&](const Block<T>& block) HWY_ATTR {
    typename Block<T>::Buffer in;
    const T* from = block.read(x, in);
    T max[block_rows];
    double sum[block_rows];
    exp_sums<T>(block.extent, from, nullptr, max, sum);
    for (int64_t j = 0; j < block.rows(); ++j) {
      RowTarget<T> target_of_row(target, rows, block.first() + j);
      double log_sum = std::log(sum[j]), loss = 0;
      if (!target_of_row.ignored())
        target_of_row.each([&](int64_t c, T q) {
          if (q != 0)
            loss += double(q) * (log_sum + double(max[j] - from[c * block.extent.step + j]));
        });
      losses[block.first() + j] = loss;
    }
  });
}

template <class T>
void input_of(const SoftmaxRows& rows, const CrossEntropyTarget& target, double divisor,
              const T* dy, bool one_dy, const T* x, T* dx) {
  for_each_block<T>(rows, cost::softmax, [&](const Block<T>& block) HWY_ATTR {
    typename Block<T>::Buffer in, out;
    T* to = block.write_to(dx, out);
    T max[block_rows], by[block_rows] = {};
    double sum[block_rows];
    exp_sums(block.extent, block.read(x, in), to, max, sum);
    auto scale_of = [&](int64_t j) { return double(dy[one_dy ? 0 : block.first() + j]) / divisor; };
    for (int64_t j = 0; j < block.rows(); ++j)
      by[j] = T(scale_of(j) * RowTarget<T>(target, rows, block.first() + j).sum() / sum[j]);
    map_rows(block.extent, to, to, by, by, to,
             [](auto, auto e, auto, auto scale, auto) HWY_ATTR { return hn::Mul(e, scale); });
    for (int64_t j = 0; j < block.rows(); ++j) {
      RowTarget<T> target_of_row(target, rows, block.first() + j);
      T* row = to + j;
      double scale = scale_of(j);
      if (target_of_row.ignored())
        for (int64_t c = 0; c < rows.classes; ++c) row[c * block.extent.step] = 0;
      else
        target_of_row.each(
            [&](int64_t c, T q) { row[c * block.extent.step] -= T(scale * double(q)); });
    }
    block.written(dx, out);
  });
}

void losses_f32(const SoftmaxRows& rows, const CrossEntropyTarget& target, const Buffer& x,
                double* losses) {
  losses_of(rows, target, x.as<const float>(), losses);
}
void losses_f64(const SoftmaxRows& rows, const CrossEntropyTarget& target, const Buffer& x,
                double* losses) {
  losses_of(rows, target, x.as<const double>(), losses);
}
void input_f32(const SoftmaxRows& rows, const CrossEntropyTarget& target, double divisor,
               const Buffer& dy, const Buffer& x, const Buffer& dx) {
  input_of(rows, target, divisor, dy.as<const float>(), dy.numel == 1, x.as<const float>(),
           dx.as<float>());
}
void input_f64(const SoftmaxRows& rows, const CrossEntropyTarget& target, double divisor,
               const Buffer& dy, const Buffer& x, const Buffer& dx) {
  input_of(rows, target, divisor, dy.as<const double>(), dy.numel == 1, x.as<const double>(),
           dx.as<double>());
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(losses_f32);
HWY_EXPORT(losses_f64);
HWY_EXPORT(input_f32);
HWY_EXPORT(input_f64);

double CrossEntropyTarget::divisor(const SoftmaxRows& rows) const {
  if (!classes) return double(rows.count());
  double sum = 0;
  for (int64_t r = 0; r < rows.count(); ++r) {
    int64_t c = classes.as<const int64_t>()[r];
    if (c == ignore_index) continue;
    sum += weight ? dispatch_floating(weight.dtype,
                                      [&](auto t) { return double(weight.as<decltype(t)>()[c]); })
                  : 1.0;
  }
  return sum;
}

void cross_entropy(const SoftmaxRows& rows, const CrossEntropyTarget& target, const Buffer& x,
                   double* losses) {
  std::fill_n(losses, rows.count(), 0.0);
  x.dtype == float32 ? HWY_DYNAMIC_DISPATCH(losses_f32)(rows, target, x, losses)
                     : HWY_DYNAMIC_DISPATCH(losses_f64)(rows, target, x, losses);
}

void cross_entropy_input(const SoftmaxRows& rows, const CrossEntropyTarget& target, double divisor,
                         const Buffer& dy, const Buffer& x, const Buffer& dx) {
  x.dtype == float32 ? HWY_DYNAMIC_DISPATCH(input_f32)(rows, target, divisor, dy, x, dx)
                     : HWY_DYNAMIC_DISPATCH(input_f64)(rows, target, divisor, dy, x, dx);
}

}  // namespace taper::kernels
#endif
