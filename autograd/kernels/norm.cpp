#include "autograd/kernels/norm.h"

#include <array>
#include <cmath>
#include <numeric>

#include "autograd/kernels/norm_simd.h"
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

/// A number for each channel of a block; one channel's is in all.
template <class T>
using Lanes = std::array<T, norm_lanes>;
using Sums = std::array<double, norm_lanes>;

/// The channels of a block, or one channel: what is normalised on one thread.
template <class T>
struct Group {
  const NormPlanes& p;
  int64_t first;  ///< channel

  /// Calls f(channel, lane) for each lane that holds a channel's number.
  template <class F>
  void fill(const F& f) const {
    for (int64_t lane = 0; lane < norm_lanes; ++lane) f(first + lane % p.block, size_t(lane));
  }
  /// Calls f(place) for where each run of the group's elements starts.
  template <class F>
  void for_each_run(const F& f) const {
    for (int64_t n = 0; n < p.outer; ++n) f((n * p.channels + first) * p.inner);
  }

  std::array<Moments, norm_lanes> moments(const T* x) const {
    std::array<Moments, norm_lanes> m;
    for_each_run([&](int64_t at) { m[0].add(x + at, p.inner); });
    return m;
  }
  void apply(const T* x, const Lanes<T>& mean, const Lanes<T>& scale, const Lanes<T>& shift,
             T* y) const {
    for_each_run([&, m = mean[0], s = scale[0], b = shift[0]](int64_t at) {
      for (int64_t i = at; i < at + p.inner; ++i) y[i] = (x[i] - m) * s + b;
    });
  }
  std::pair<Sums, Sums> products(const T* dy, const T* x, const Lanes<T>& mean) const {
    std::pair<Sums, Sums> out{};
    for_each_run([&, m = double(mean[0])](int64_t at) {
      TwoSums s = sum_two(p.inner, [&](int64_t i) {
        return TwoSums{double(dy[at + i]), double(dy[at + i]) * (double(x[at + i]) - m)};
      });
      out.first[0] += s.a;
      out.second[0] += s.b;
    });
    return out;
  }
  void gradient(const T* dy, const T* x, const Lanes<T>& mean, const Lanes<T>& scale,
                const Lanes<T>& less, const Lanes<T>& slope, T* dx) const {
    for_each_run([&, m = mean[0], s = scale[0], l = less[0], k = slope[0]](int64_t at) {
      for (int64_t i = at; i < at + p.inner; ++i) dx[i] = s * (dy[i] - l - (x[i] - m) * k);
    });
  }
};

/// The same in vectors.
template <>
struct Group<float> {
  const NormPlanes& p;
  int64_t first;

  template <class F>
  void fill(const F& f) const {
    for (int64_t lane = 0; lane < norm_lanes; ++lane) f(first + lane % p.block, size_t(lane));
  }
  NormRuns runs() const { return {p.outer, p.inner * p.block, p.channels * p.inner, p.block}; }
  const float* start(const float* x) const { return x + first * p.inner; }
  float* start(float* x) const { return x + first * p.inner; }
  /// A channel's sums alone: of one channel, the lanes hold parts.
  Sums of_channels(const Sums& lanes) const {
    if (p.block > 1) return lanes;
    return {std::accumulate(lanes.begin(), lanes.end(), 0.0)};
  }

  std::array<Moments, norm_lanes> moments(const float* x) const {
    std::array<Moments, norm_lanes> m;
    if (p.count() == 0) return m;
    Lanes<float> origin;
    Sums sum{}, squares{};
    fill([&](int64_t c, size_t lane) { origin[lane] = start(x)[c - first]; });
    norm_moments(runs(), start(x), origin.data(), sum.data(), squares.data());
    sum = of_channels(sum);
    squares = of_channels(squares);
    for (size_t k = 0; k < size_t(p.block); ++k)
      m[k] = {double(origin[k]), sum[k], squares[k], p.count()};
    return m;
  }
  void apply(const float* x, const Lanes<float>& mean, const Lanes<float>& scale,
             const Lanes<float>& shift, float* y) const {
    norm_apply(runs(), start(x), mean.data(), scale.data(), shift.data(), start(y));
  }
  std::pair<Sums, Sums> products(const float* dy, const float* x, const Lanes<float>& mean) const {
    Sums sum{}, product{};
    norm_products(runs(), start(dy), start(x), mean.data(), sum.data(), product.data());
    return {of_channels(sum), of_channels(product)};
  }
  void gradient(const float* dy, const float* x, const Lanes<float>& mean,
                const Lanes<float>& scale, const Lanes<float>& less, const Lanes<float>& slope,
                float* dx) const {
    norm_gradient(runs(), start(dy), start(x), mean.data(), scale.data(), less.data(), slope.data(),
                  start(dx));
  }
};

/// Calls f(group) for all groups, on several threads.
template <class T, class F>
void for_each_group(const NormPlanes& p, const F& f) {
  double work = cost::batch_norm * double(p.count() * p.block);
  parallel_for(p.channels / p.block, grain_for(work), [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) f(Group<T>{p, g * p.block});
  });
}

}  // namespace

void channel_sum(const NormPlanes& p, const Buffer& x, const Buffer& y) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    for_each_group<T>(p, [&](const auto& group) {
      Sums sums = group.products(x.as<const T>(), x.as<const T>(), Lanes<T>{}).first;
      for (int64_t k = 0; k < p.block; ++k) y.as<T>()[group.first + k] = T(sums[size_t(k)]);
    });
  });
}

void batch_stats(const NormPlanes& p, const Buffer& x, double eps, const RunningStats& running,
                 const Buffer& stats) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    for_each_group<T>(p, [&](const auto& group) {
      std::array<Moments, norm_lanes> moments = group.moments(x.as<const T>());
      for (int64_t k = 0; k < p.block; ++k) {
        const Moments& m = moments[size_t(k)];
        int64_t c = group.first + k;
        if (m.count == 0) {
          stats.as<T>()[c] = T(0);
          stats.as<T>()[p.channels + c] = T(1 / std::sqrt(eps));
          continue;
        }
        stats.as<T>()[c] = T(m.mean());
        stats.as<T>()[p.channels + c] = T(1 / std::sqrt(m.var() + eps));
        step<T>(running.mean, c, running.momentum, m.mean());
        double unbiased = m.var() * (double(m.count) / double(m.count - 1));
        step<T>(running.var, c, running.momentum, unbiased);
      }
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
    for_each_group<T>(p, [&](const auto& group) {
      Lanes<T> mean, scale, shift;
      group.fill([&](int64_t c, size_t lane) {
        mean[lane] = stats.as<const T>()[c];
        double rstd = double(stats.as<const T>()[p.channels + c]);
        scale[lane] = T(rstd * value_or<T>(weight, c, 1));
        shift[lane] = T(value_or<T>(bias, c, 0));
      });
      group.apply(x.as<const T>(), mean, scale, shift, y.as<T>());
    });
  });
}

void batch_norm_backward(const NormPlanes& p, bool batch, const Buffer& dy, const Buffer& x,
                         const Buffer& weight, const Buffer& stats, const Buffer& dx,
                         const Buffer& dweight, const Buffer& dbias) {
  dispatch_floating(x.dtype, [&](auto t) {
    using T = decltype(t);
    for_each_group<T>(p, [&](const auto& group) {
      Lanes<T> mean, scale, less, slope;
      const T *pdy = dy.as<const T>(), *px = x.as<const T>(), *means = stats.as<const T>();
      group.fill([&](int64_t c, size_t lane) { mean[lane] = means[c]; });
      std::pair<Sums, Sums> totals = group.products(pdy, px, mean);
      group.fill([&](int64_t c, size_t lane) {
        double rstd = double(means[p.channels + c]), share = 1 / double(p.count());
        double sum = totals.first[size_t(c - group.first)];
        double product = totals.second[size_t(c - group.first)] * rstd;
        dweight.as<T>()[c] = T(product);
        dbias.as<T>()[c] = T(sum);
        scale[lane] = T(rstd * value_or<T>(weight, c, 1));
        less[lane] = T(sum * share);
        slope[lane] = T(product * share * rstd);
      });
      if (batch)
        group.gradient(pdy, px, mean, scale, less, slope, dx.as<T>());
      else  // each element by itself: an infinity elsewhere is not its concern
        group.apply(pdy, Lanes<T>{}, scale, Lanes<T>{}, dx.as<T>());
    });
  });
}

}  // namespace taper::kernels
