#include "autograd/kernels/softmax.h"

#include <cmath>

#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

template <class T>
T max_of(const T* row, int64_t n, int64_t step) {
  T max = row[0];
  for (int64_t c = 1; c < n; ++c)
    if (row[c * step] > max) max = row[c * step];
  return max;
}

template <class T>
double sum_of_exp(const T* row, int64_t n, int64_t step, T max) {
  double sum = 0;
  for (int64_t c = 0; c < n; ++c) sum += double(std::exp(row[c * step] - max));
  return sum;
}

template <class F>
void for_each_row(const Rows& rows, const F& f) {
  if (rows.classes == 0) return;
  parallel_for(rows.count(), parallel_grain / 8 / rows.classes + 1,
               [&](int64_t begin, int64_t end) {
                 for (int64_t r = begin; r < end; ++r) f(r);
               });
}

/// The target of row r: how much each class counts in its loss.
template <class T>
class RowTarget {
 public:
  RowTarget(const CrossEntropyTarget& t, const Rows& rows, int64_t r)
      : weight_(t.weight.as<const T>()),
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
  T operator()(int64_t c) const {
    T q = probabilities_ ? probabilities_[c * step_] : T(c == class_);
    return ((T(1) - smoothing_) * q + everywhere_) * (weight_ ? weight_[c] : T(1));
  }
  double sum(int64_t classes) const {
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += double((*this)(c));
    return sum;
  }

 private:
  const T* weight_;
  const T* probabilities_ = nullptr;
  int64_t class_ = -1, step_;
  T smoothing_, everywhere_;
  bool ignored_;
};

}  // namespace

void softmax(const Rows& rows, bool log, const Buffer& x, const Buffer& y) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    int64_t n = rows.classes, step = rows.inner;
    for_each_row(rows, [&](int64_t r) {
      const T* from = x.as<const T>() + rows.start(r);
      T* to = y.as<T>() + rows.start(r);
      T max = max_of(from, n, step);
      double sum = sum_of_exp(from, n, step, max);
      T shift = T(std::log(sum)), scale = T(1 / sum);
      for (int64_t c = 0; c < n; ++c) {
        T v = from[c * step] - max;
        to[c * step] = log ? v - shift : std::exp(v) * scale;
      }
    });
  });
}

double CrossEntropyTarget::divisor(const Rows& rows) const {
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

void cross_entropy(const Rows& rows, const CrossEntropyTarget& target, const Buffer& x,
                   double* losses) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    int64_t n = rows.classes, step = rows.inner;
    std::fill_n(losses, rows.count(), 0.0);
    for_each_row(rows, [&](int64_t r) {
      RowTarget<T> q(target, rows, r);
      if (q.ignored()) return;
      const T* row = x.as<const T>() + rows.start(r);
      T max = max_of(row, n, step);
      double log_sum = std::log(sum_of_exp(row, n, step, max));
      for (int64_t c = 0; c < n; ++c)
        if (T part = q(c); part != 0)
          losses[r] += double(part) * (log_sum + double(max - row[c * step]));
    });
  });
}

void cross_entropy_input(const Rows& rows, const CrossEntropyTarget& target, double divisor,
                         const Buffer& dy, const Buffer& x, const Buffer& dx) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    int64_t n = rows.classes, step = rows.inner;
    for_each_row(rows, [&](int64_t r) {
      RowTarget<T> q(target, rows, r);
      const T* row = x.as<const T>() + rows.start(r);
      T* out = dx.as<T>() + rows.start(r);
      T max = max_of(row, n, step);
      double share = q.sum(n) / sum_of_exp(row, n, step, max);
      double scale = double(dy.as<const T>()[dy.numel == 1 ? 0 : r]) / divisor;
      for (int64_t c = 0; c < n; ++c)
        out[c * step] =
            q.ignored() ? T(0)
                        : T(scale * (share * double(std::exp(row[c * step] - max)) - double(q(c))));
    });
  });
}

}  // namespace taper::kernels
