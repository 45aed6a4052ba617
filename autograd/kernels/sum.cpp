#include "autograd/kernels/sum.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/sum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace taper::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::ScalableTag<double>;

HWY_INLINE hn::Vec<Doubles> load(const double* x) { return hn::LoadU(Doubles(), x); }
HWY_INLINE hn::Vec<Doubles> load(const float* x) {
  return hn::PromoteTo(Doubles(), hn::LoadU(hn::Rebind<float, Doubles>(), x));
}

template <class T>
HWY_INLINE double run_sum(const T* x, int64_t n) {
  const Doubles d;
  const int64_t lanes = int64_t(hn::Lanes(d));
  auto a = hn::Zero(d), b = a, c = a, e = a;  // an addition waits for the last one
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = hn::Add(a, load(x + i));
    b = hn::Add(b, load(x + i + lanes));
    c = hn::Add(c, load(x + i + 2 * lanes));
    e = hn::Add(e, load(x + i + 3 * lanes));
  }
  for (; i + lanes <= n; i += lanes) a = hn::Add(a, load(x + i));
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
  for (; i < n; ++i) sum += double(x[i]);
  return sum;
}

/// As many rows are added up in registers.
constexpr int64_t row_block = 16;

template <class T>
HWY_INLINE void add_row_block(const T* x, int64_t rows, int64_t step, int64_t n, double* acc) {
  const Doubles d;
  const int64_t lanes = int64_t(hn::Lanes(d));
  int64_t j = 0;
  for (; j + 4 * lanes <= n; j += 4 * lanes) {
    auto a = hn::Zero(d), b = a, c = a, e = a;
    for (int64_t r = 0; r < rows; ++r) {
      const T* row = x + r * step + j;
      a = hn::Add(a, load(row));
      b = hn::Add(b, load(row + lanes));
      c = hn::Add(c, load(row + 2 * lanes));
      e = hn::Add(e, load(row + 3 * lanes));
    }
    hn::StoreU(hn::Add(hn::LoadU(d, acc + j), a), d, acc + j);
    hn::StoreU(hn::Add(hn::LoadU(d, acc + j + lanes), b), d, acc + j + lanes);
    hn::StoreU(hn::Add(hn::LoadU(d, acc + j + 2 * lanes), c), d, acc + j + 2 * lanes);
    hn::StoreU(hn::Add(hn::LoadU(d, acc + j + 3 * lanes), e), d, acc + j + 3 * lanes);
  }
  for (; j + lanes <= n; j += lanes) {
    auto a = hn::Zero(d);
    for (int64_t r = 0; r < rows; ++r) a = hn::Add(a, load(x + r * step + j));
    hn::StoreU(hn::Add(hn::LoadU(d, acc + j), a), d, acc + j);
  }
  for (; j < n; ++j) {
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r) sum += double(x[r * step + j]);
    acc[j] += sum;
  }
}

template <class T>
HWY_INLINE void all_rows(const T* x, int64_t rows, int64_t step, int64_t n, double* acc) {
  for (int64_t r = 0; r < rows; r += row_block)
    add_row_block(x + r * step, std::min(row_block, rows - r), step, n, acc);
}

double sum_f32(const float* x, int64_t n) { return run_sum(x, n); }
double sum_f64(const double* x, int64_t n) { return run_sum(x, n); }
void rows_f32(const float* x, int64_t rows, int64_t step, int64_t n, double* acc) {
  all_rows(x, rows, step, n, acc);
}
void rows_f64(const double* x, int64_t rows, int64_t step, int64_t n, double* acc) {
  all_rows(x, rows, step, n, acc);
}

}  // namespace taper::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace taper::kernels {

HWY_EXPORT(sum_f32);
HWY_EXPORT(sum_f64);
HWY_EXPORT(rows_f32);
HWY_EXPORT(rows_f64);

double sum_of(const float* x, int64_t n) { return HWY_DYNAMIC_DISPATCH(sum_f32)(x, n); }
double sum_of(const double* x, int64_t n) { return HWY_DYNAMIC_DISPATCH(sum_f64)(x, n); }
void add_rows(const float* x, int64_t rows, int64_t step, int64_t n, double* acc) {
  HWY_DYNAMIC_DISPATCH(rows_f32)(x, rows, step, n, acc);
}
void add_rows(const double* x, int64_t rows, int64_t step, int64_t n, double* acc) {
  HWY_DYNAMIC_DISPATCH(rows_f64)(x, rows, step, n, acc);
}

}  // namespace taper::kernels
#endif
