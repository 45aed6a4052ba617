#include "autograd/kernels/norm.h"

#include <cmath>
#include <numeric>

#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

struct TwoSums {
  double a = 0, b = 0;
};

/// The sums of f(0) to f(n - 1), pairs of numbers: in lanes, since an addition waits for the last
/// one.
template <class F>
TwoSums sum_two(int64_t n, const F& f) {
  constexpr int64_t lanes = 8;
  TwoSums out;
  int64_t i = 0;
  if (n >= lanes) {
    double a[lanes] = {}, b[lanes] = {};
    for (; i + lanes <= n; i += lanes)
      for (int64_t k = 0; k < lanes; ++k) {
        TwoSums v = f(i + k);
        a[k] += v.a;
        b[k] += v.b;
      }
    out = {std::accumulate(a, a + lanes, 0.0), std::accumulate(b, b + lanes, 0.0)};
  }
  for (; i < n; ++i) {
    TwoSums v = f(i);
    out.a += v.a;
    out.b += v.b;
  }
  return out;
}

/// Mean and variance in one pass, of differences from the first element: no cancellation where the
/// mean is large beside the spread.
struct Moments {
  double first = 0, sum = 0, squares = 0;
  int64_t count = 0;

  template <class T>
  void add(const T* x, int64_t n) {
    if (count == 0 && n > 0) first = double(x[0]);
    double origin = first;
    TwoSums s = sum_two(n, [=](int64_t i) {
      double d = double(x[i]) - origin;
      return TwoSums{d, d * d};
    });
    sum += s.a;
    squares += s.b;
    count += n;
  }
  double mean() const { return first + sum / double(count); }
  /// Divided by the number of elements.
  double var() const {
    return std::max((squares - sum * (sum / double(count))) / double(count), 0.0);
  }
};

template <class T>
double value_or(const Buffer& b, int64_t i, double otherwise) {
  return b ? double(b.as<const T>()[i]) : otherwise;
}

template <class T>
void step(const Buffer& running, int64_t i, double momentum, double batch) {
  if (!running) return;
  T& value = running.as<T>()[i * running.strides[0]];
  value = T((1 - momentum) * double(value) + momentum * batch);
}

/// Calls f(channel) for all channels, on several threads.
template <class F>
void for_each_channel(const NormPlanes& p, const F& f) {
  parallel_for(p.channels, parallel_grain / std::max<int64_t>(p.count(), 1) + 1,
               [&](int64_t begin, int64_t end) {
                 for (int64_t c = begin; c < end; ++c) f(c);
               });
}

/// Calls f(place) for where each run of `inner` elements of a channel starts.
template <class F>
void for_each_run(const NormPlanes& p, int64_t channel, const F& f) {
  for (int64_t n = 0; n < p.outer; ++n) f((n * p.channels + channel) * p.inner);
}

/// Sums of dy and of dy xhat over a run.
template <class T>
void add_sums(const T* dy, const T* x, int64_t n, double mean, double rstd, double& sum,
              double& product) {
  TwoSums s = sum_two(n, [=](int64_t i) {
    return TwoSums{double(dy[i]), double(dy[i]) * (double(x[i]) - mean)};
  });
  sum += s.a;
  product += s.b * rstd;
}

}  // namespace

void batch_stats(const NormPlanes& p, const Buffer& x, double eps, const RunningStats& running,
                 const Buffer& stats) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    for_each_channel(p, [&](int64_t c) {
      Moments m;
      for_each_run(p, c, [&](int64_t at) { m.add(x.as<const T>() + at, p.inner); });
      if (m.count == 0) {
        stats.as<T>()[c] = T(0);
        stats.as<T>()[p.channels + c] = T(1 / std::sqrt(eps));
        return;
      }
      stats.as<T>()[c] = T(m.mean());
      stats.as<T>()[p.channels + c] = T(1 / std::sqrt(m.var() + eps));
      step<T>(running.mean, c, running.momentum, m.mean());
      double unbiased = m.var() * (double(m.count) / double(m.count - 1));
      step<T>(running.var, c, running.momentum, unbiased);
    });
  });
}

void fixed_stats(const Buffer& mean, const Buffer& var, double eps, const Buffer& stats) {
  dispatch_floating(stats.dtype, [&](auto t) {
    using T = decltype(t);
    int64_t channels = stats.sizes[1];
    for (int64_t c = 0; c < channels; ++c) {
      stats.as<T>()[c] = mean.as<const T>()[c * mean.strides[0]];
      double v = double(var.as<const T>()[c * var.strides[0]]);
      stats.as<T>()[channels + c] = T(1 / std::sqrt(v + eps));
    }
  });
}

void batch_norm(const NormPlanes& p, const Buffer& x, const Buffer& weight, const Buffer& bias,
                const Buffer& stats, const Buffer& y) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    for_each_channel(p, [&](int64_t c) {
      T mean = stats.as<const T>()[c], rstd = stats.as<const T>()[p.channels + c];
      T scale = T(double(rstd) * value_or<T>(weight, c, 1)), shift = T(value_or<T>(bias, c, 0));
      for_each_run(p, c, [&](int64_t at) {
        const T* from = x.as<const T>() + at;
        T* to = y.as<T>() + at;
        for (int64_t i = 0; i < p.inner; ++i) to[i] = (from[i] - mean) * scale + shift;
      });
    });
  });
}

void batch_norm_backward(const NormPlanes& p, bool batch, const Buffer& dy, const Buffer& x,
                         const Buffer& weight, const Buffer& stats, const Buffer& dx,
                         const Buffer& dweight, const Buffer& dbias) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    for_each_channel(p, [&](int64_t c) {
      const T *px = x.as<const T>(), *pdy = dy.as<const T>();
      double mean = double(stats.as<const T>()[c]), sum = 0, product = 0;
      double rstd = double(stats.as<const T>()[p.channels + c]);
      for_each_run(p, c, [&](int64_t at) {
        add_sums(pdy + at, px + at, p.inner, mean, rstd, sum, product);
      });
      dweight.as<T>()[c] = T(product);
      dbias.as<T>()[c] = T(sum);
      double share = 1 / double(p.count());
      T scale = T(rstd * value_or<T>(weight, c, 1)), middle = T(mean);
      T less = T(sum * share), slope = T(product * share * rstd);
      for_each_run(p, c, [&](int64_t at) {
        T* to = dx.as<T>() + at;
        if (!batch)  // each element by itself: an infinity elsewhere is not its concern
          for (int64_t i = 0; i < p.inner; ++i) to[i] = scale * pdy[at + i];
        else
          for (int64_t i = 0; i < p.inner; ++i)
            to[i] = scale * (pdy[at + i] - less - (px[at + i] - middle) * slope);
      });
    });
  });
}

}  // namespace taper::kernels
