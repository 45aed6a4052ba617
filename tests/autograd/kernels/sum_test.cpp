#include "autograd/kernels/sum.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/threads.h"

namespace {

using namespace taper;

template <class T>
std::vector<T> numbers(int64_t n) {
  std::vector<T> x;
  for (int64_t i = 0; i < n; ++i) x.push_back(T(i * 37 % 101) - T(49.25));
  return x;
}

template <class T>
void sums_of_every_length() {
  std::vector<T> x = numbers<T>(301);
  for (int64_t n = 0; n <= 300; ++n) {
    double sum = 0;
    for (int64_t i = 1; i <= n; ++i) sum += double(x[size_t(i)]);
    BOOST_TEST(kernels::sum_of(x.data() + 1, n) == sum);  // quarters: sums are exact
  }
}

template <class T>
void rows_of_every_width() {
  std::vector<T> x = numbers<T>(40 * 150);
  for (int64_t rows : {0, 1, 15, 16, 17, 40})
    for (int64_t n = 0; n < 140; ++n) {
      std::vector<double> acc(size_t(n) + 1, 0.5), slow = acc;
      kernels::add_rows(x.data() + 3, rows, 145, n, acc.data());
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t j = 0; j < n; ++j) slow[size_t(j)] += double(x[size_t(3 + r * 145 + j)]);
      BOOST_TEST((acc == slow), rows << " rows of " << n);
    }
}

/// Whether the sums of x over dims are, bit by bit, those of one thread.
bool same_on_threads(const Tensor& x, IntList dims) {
  int threads = get_num_threads();
  set_num_threads(1);
  Tensor one = x.sum(dims);
  bool same = true;
  for (int n : {2, 3, 5}) {
    set_num_threads(n);
    same = same && (x.sum(dims) == one).all().item<bool>();
  }
  set_num_threads(threads);
  return same;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sums)

BOOST_AUTO_TEST_CASE(of_every_length) {
  sums_of_every_length<float>();
  sums_of_every_length<double>();
}

BOOST_AUTO_TEST_CASE(of_rows) {
  rows_of_every_width<float>();
  rows_of_every_width<double>();
}

BOOST_AUTO_TEST_CASE(take_nan_and_infinity) {
  for (size_t at = 0; at < 70; ++at) {
    std::vector<float> x(70, 1), acc(70, 0);
    x[at] = INFINITY;
    BOOST_TEST(kernels::sum_of(x.data(), 70) == double(INFINITY));
    x[at] = NAN;
    BOOST_TEST(std::isnan(kernels::sum_of(x.data(), 70)));
  }
}

BOOST_AUTO_TEST_CASE(do_not_depend_on_the_threads) {
  manual_seed(1);
  for (Dtype d : {float32, float64}) {
    BOOST_TEST(same_on_threads(randn({3001, 301}, {.dtype = d}), {}));
    BOOST_TEST(same_on_threads(randn({100003, 7}, {.dtype = d}), 0));
    BOOST_TEST(same_on_threads(randn({3, 100003}, {.dtype = d}), 1));
    BOOST_TEST(same_on_threads(randn({300, 2000}, {.dtype = d}), 0));
    BOOST_TEST(same_on_threads(randn({20, 30, 900}, {.dtype = d}), {0, 2}));
    BOOST_TEST(same_on_threads(randn({900, 700}, {.dtype = d}).t(), 0));
  }
}

BOOST_AUTO_TEST_CASE(of_many_keep_their_digits) {
  Tensor x = full({3000000}, 0.1, {.dtype = float64});
  BOOST_TEST(std::fabs(x.sum().item<double>() / 300000 - 1) < 3e-14);
  BOOST_TEST(std::fabs(x.view({1500000, 2}).sum(0)[1].item<double>() / 150000 - 1) < 3e-14);
  BOOST_TEST(std::fabs(x.view({10000, 300}).sum(0)[7].item<double>() / 1000 - 1) < 3e-14);
}

BOOST_AUTO_TEST_SUITE_END()
