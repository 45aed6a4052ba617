#include "autograd/kernels/random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "autograd/tensor/dtype.h"
#include "autograd/tensor/error.h"

namespace taper::kernels {

using Lock = std::lock_guard<std::mutex>;

template <class T, class F>
static void fill(T* y, int64_t n, F draw) {
  for (int64_t i = 0; i < n; ++i) y[i] = draw();
}

template <class T>
void uniform(Generator& generator, T* y, int64_t n, double from, double to) {
  if (!(from <= to)) fail("uniform_", "from {} to {}; expected from <= to", from, to);
  if (!(to - from <= double(std::numeric_limits<T>::max())))
    fail("uniform_", "from {} to {}; expected a range that {} holds", from, to,
         info(dtype_of<T>()).name);
  T scale = T(to) - T(from), shift = T(from);
  Lock lock(generator.mutex());
  fill(y, n, [&] { return std::fma(generator.unit<T>(), scale, shift); });
}

/// Sixteen uniform numbers become normal ones, in place: Box-Muller, cosines first.
template <class T>
static void box_muller(T* y, T mean, T std) {
  for (int j = 0; j < 8; ++j) {
    T radius = std::sqrt(-2 * std::log(1 - y[j]));
    T angle = T(2 * std::numbers::pi) * y[j + 8];
    y[j] = radius * std::cos(angle) * std + mean;
    y[j + 8] = radius * std::sin(angle) * std + mean;
  }
}

template <class T>
static void normal_in_blocks(Generator& generator, T* y, int64_t n, T mean, T std) {
  fill(y, n, [&] { return generator.unit<T>(); });
  for (int64_t i = 0; i + 16 <= n; i += 16) box_muller(y + i, mean, std);
  if (n % 16 == 0) return;
  T* last = y + n - 16;  // drawn again, its first elements included
  fill(last, 16, [&] { return generator.unit<T>(); });
  box_muller(last, mean, std);
}

template <class T>
void normal(Generator& generator, T* y, int64_t n, double mean, double std) {
  if (!(std >= 0)) fail("normal_", "std is {}; expected 0 or more", std);
  Lock lock(generator.mutex());
  if (n >= 16)
    normal_in_blocks(generator, y, n, T(mean), T(std));
  else
    fill(y, n, [&] { return T(generator.normal() * std + mean); });
}

template <class T>
void exponential(Generator& generator, T* y, int64_t n, double rate) {
  if (!(rate > 0)) fail("exponential_", "lambda is {}; expected a number above 0", rate);
  Lock lock(generator.mutex());
  fill(y, n, [&] { return T(-1 / rate * std::log1p(-generator.unit<double>())); });
}

/// The spacing of T's values at x, where it is above 1.
template <class T>
static int64_t spacing(int64_t x) {
  int exponent = std::ilogb(double(std::abs(x)));
  return int64_t(1) << std::max(0, exponent + 1 - std::numeric_limits<T>::digits);
}

/// Narrows [low, high) where T has no values at its ends, so that rounding stays inside.
template <class T>
static void narrow(int64_t& low, int64_t& high) {
  if (int64_t next = int64_t(T(low + 1)); next < low) low = next + spacing<T>(low + 1);
  if (int64_t last = int64_t(T(high - 1)); last >= high) high = last - spacing<T>(high - 1);
}

template <class T>
static void check_range(int64_t low, int64_t high) {
  if (low >= high) fail("random_", "low {} and high {}; expected low < high", low, high);
  if constexpr (std::is_integral_v<T>)
    if (low < int64_t(std::numeric_limits<T>::min()) ||
        high - 1 > int64_t(std::numeric_limits<T>::max()))
      fail("random_", "numbers from {} to {}; expected those that {} holds", low, high - 1,
           info(dtype_of<T>()).name);
}

template <class T>
void random_range(Generator& generator, T* y, int64_t n, int64_t low, int64_t high) {
  check_range<T>(low, high);
  if constexpr (std::is_floating_point_v<T>) narrow<T>(low, high);
  uint64_t range = uint64_t(high) - uint64_t(low);
  Lock lock(generator.mutex());
  if (range >= uint64_t(1) << 28)
    fill(y, n, [&] { return T(int64_t(generator.r64() % range + uint64_t(low))); });
  else
    fill(y, n, [&] { return T(int64_t(generator.r32() % range + uint64_t(low))); });
}

template <class T>
void random_full(Generator& generator, T* y, int64_t n) {
  constexpr int bits = std::numeric_limits<T>::digits;
  Lock lock(generator.mutex());
  if constexpr (std::is_floating_point_v<T>) {
    constexpr uint64_t range = (uint64_t(1) << bits) + 1;
    fill(y, n, [&] { return T((bits > 32 ? generator.r64() : generator.r32()) % range); });
  } else {
    constexpr uint64_t mask = (uint64_t(1) << bits) - 1;
    fill(y, n, [&] { return T((bits > 32 ? generator.r64() : generator.r32()) & mask); });
  }
}

static void check_probability(std::string_view op, double p) {
  if (!(p >= 0 && p <= 1)) fail(op, "p is {}; expected a probability from 0 to 1", p);
}

template <class T>
void bernoulli(Generator& generator, T* y, int64_t n, double p) {
  check_probability("bernoulli_", p);
  Lock lock(generator.mutex());
  fill(y, n, [&] { return T(generator.unit<double>() < p); });
}

template <class T, class P>
void bernoulli(Generator& generator, T* y, int64_t n, const P* p) {
  for (int64_t i = 0; i < n; ++i) check_probability("bernoulli", double(p[i]));
  Lock lock(generator.mutex());
  fill(y, n, [&] { return T(generator.unit<P>() < *p++); });
}

void randperm(Generator& generator, int64_t* y, int64_t n) {
  if (n < 0) fail("randperm", "n is {}; expected 0 or more", n);
  for (int64_t i = 0; i < n; ++i) y[i] = i;
  bool wide = n >= std::numeric_limits<uint32_t>::max() / 20;
  Lock lock(generator.mutex());
  for (int64_t i = 0; i < n - 1; ++i)
    std::swap(y[i], y[i + int64_t((wide ? generator.r64() : generator.r32()) % uint64_t(n - i))]);
}

#define FLOATING(T)                                               \
  template void uniform(Generator&, T*, int64_t, double, double); \
  template void normal(Generator&, T*, int64_t, double, double);  \
  template void exponential(Generator&, T*, int64_t, double);
FLOATING(float)
FLOATING(double)

#define ROW(name, T, ...)                                                \
  template void random_range(Generator&, T*, int64_t, int64_t, int64_t); \
  template void random_full(Generator&, T*, int64_t);                    \
  template void bernoulli(Generator&, T*, int64_t, double);              \
  template void bernoulli(Generator&, T*, int64_t, const float*);        \
  template void bernoulli(Generator&, T*, int64_t, const double*);
TAPER_DTYPES(ROW)

}  // namespace taper::kernels
