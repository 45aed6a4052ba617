#include "autograd/kernels/gemm.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/threads.h"

// Products have several ways: tiles with the right factor copied or where it lies, with the left
// one gathered, sums along both factors, a column turned round; each with whole and partial
// vectors, on one thread and on two.

namespace {

using namespace taper;
using namespace taper::kernels;

template <class T>
std::vector<T> numbers(int64_t n) {
  Tensor x = randn({n}).to(float64);
  std::vector<T> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(T(x.data_ptr<double>()[i]));
  return values;
}

/// A matrix in values, its rows or columns `gap` elements further apart than they are long.
template <class T>
Matrix<const T> laid_out(const std::vector<T>& values, int64_t rows, int64_t columns,
                         bool transposed, int64_t gap) {
  if (transposed) return {values.data(), rows, columns, 1, rows + gap};
  return {values.data(), rows, columns, columns + gap, 1};
}

template <class T>
double element(const Matrix<const T>& a, const Matrix<const T>& b, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t k = 0; k < a.columns; ++k)
    sum += double(a.data[i * a.row + k * a.column]) * double(b.data[k * b.row + j * b.column]);
  return sum;
}

struct Case {
  int64_t rows, inner, columns;
  bool a_transposed, b_transposed;
  int64_t gap;
};

/// Calls f for sizes around those of tiles, panels and blocks, in each layout.
template <class F>
void for_each_case(const F& f) {
  std::vector<std::array<int64_t, 3>> sizes{
      {1, 1, 1},    {1, 5, 1},     {1, 70, 3},    {1, 33, 200}, {9, 40, 1},    {2, 3, 16},
      {3, 17, 15},  {4, 64, 48},   {5, 2, 49},    {8, 192, 47}, {15, 193, 33}, {33, 20, 100},
      {70, 8, 65},  {131, 50, 7},  {40, 400, 96}, {7, 0, 5},    {64, 33, 800}, {300, 200, 80},
      {8, 352, 47}, {15, 353, 33}, {140, 353, 40}};
  manual_seed(3);
  for (auto [rows, inner, columns] : sizes)
    for (int layout = 0; layout < 8; ++layout)
      f(Case{rows, inner, columns, layout % 2 > 0, layout / 2 % 2 > 0, layout / 4 * int64_t(3)});
}

/// The largest error over what rounding allows.
template <class T>
double worst_error(const Case& k, bool packed, Start<T> start, const std::vector<T>& c_before,
                   std::vector<T>& c) {
  std::vector<T> pa = numbers<T>((k.rows + k.gap) * (k.inner + k.gap)),
                 pb = numbers<T>((k.columns + k.gap) * (k.inner + k.gap));
  Matrix<const T> a = laid_out(pa, k.rows, k.inner, k.a_transposed, k.gap);
  Matrix<const T> b = laid_out(pb, k.inner, k.columns, k.b_transposed, k.gap);
  Matrix<T> to{c.data(), k.rows, k.columns, k.columns + k.gap, 1};
  if (packed)
    gemm<T>(a, PackedMatrix<T>(b), to, start);
  else
    gemm<T>(a, b, to, start);
  double worst = 0;
  for (int64_t i = 0; i < k.rows; ++i)
    for (int64_t j = 0; j < to.row; ++j) {
      double got = double(c[size_t(i * to.row + j)]);
      double before = double(c_before[size_t(i * to.row + j)]);
      double expected = before;
      if (j < k.columns) {
        double first = start.row ? before : start.data ? double(start.data[j]) : 0;
        expected = first + element(a, b, i, j);
      }
      worst = std::max(worst, std::isfinite(got) ? std::abs(got - expected) : 1e9);
    }
  return worst / (double(std::numeric_limits<T>::epsilon()) * double(k.inner + 4));
}

template <class T>
void check(const Case& k, bool packed) {
  std::vector<T> before = numbers<T>(k.rows * (k.columns + k.gap)), row = numbers<T>(k.columns);
  for (Start<T> start : {Start<T>{}, Start<T>{row.data(), 0}, Start<T>{before.data(), 1}}) {
    std::vector<T> c = before;
    if (start.row) start = {c.data(), k.columns + k.gap};  // c += a b
    BOOST_TEST(worst_error<T>(k, packed, start, before, c) < 8,
               k.rows << " " << k.inner << " " << k.columns << " " << k.a_transposed
                      << k.b_transposed << " " << k.gap << " packed " << packed);
  }
}

enum class Begin : uint8_t { zero, row, old };

template <class T>
std::vector<T> product(const Case& k, int threads, bool packed, Begin begin) {
  int before = get_num_threads();
  set_num_threads(threads);
  manual_seed(5);
  std::vector<T> pa = numbers<T>(k.rows * k.inner), pb = numbers<T>(k.inner * k.columns);
  std::vector<T> c = numbers<T>(k.rows * k.columns), row = numbers<T>(k.columns);
  Start<T> start;
  if (begin == Begin::row) start.data = row.data();
  if (begin == Begin::old) start = {c.data(), k.columns};
  Matrix<const T> a = laid_out(pa, k.rows, k.inner, k.a_transposed, 0);
  Matrix<const T> b = laid_out(pb, k.inner, k.columns, k.b_transposed, 0);
  Matrix<T> to{c.data(), k.rows, k.columns, k.columns, 1};
  if (packed)
    gemm<T>(a, PackedMatrix<T>(b), to, start);
  else
    gemm<T>(a, b, to, start);
  set_num_threads(before);
  return c;
}

/// Whether a product of whole numbers is what sums one by one give, on so many threads.
template <class T>
bool is_exact(int64_t rows, int64_t inner, int64_t columns, Begin begin, int threads) {
  int before = get_num_threads();
  set_num_threads(threads);
  std::vector<T> a, b, c, row;
  for (int64_t i = 0; i < rows * inner; ++i) a.push_back(T(i * 7 % 11 - 5));
  for (int64_t i = 0; i < inner * columns; ++i) b.push_back(T(i * 5 % 13 - 6));
  for (int64_t i = 0; i < rows * columns; ++i) c.push_back(T(i % 17));
  for (int64_t i = 0; i < columns; ++i) row.push_back(T(100 - i));
  std::vector<T> expected = c;
  Matrix<const T> left{a.data(), rows, inner, inner, 1},
      right{b.data(), inner, columns, columns, 1};
  for (int64_t i = 0; i < rows * columns; ++i) {
    T& e = expected[size_t(i)];
    e = begin == Begin::zero ? T(0) : begin == Begin::row ? row[size_t(i % columns)] : e;
    e += T(element(left, right, i / columns, i % columns));
  }
  Start<T> start;
  if (begin == Begin::row) start.data = row.data();
  if (begin == Begin::old) start = {c.data(), columns};
  gemm<T>(left, right, {c.data(), rows, columns, columns, 1}, start);
  set_num_threads(before);
  return c == expected;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(products_of_matrices)

BOOST_AUTO_TEST_CASE(every_way_agrees_with_sums_one_by_one) {
  for_each_case([](const Case& k) {
    check<float>(k, false);
    check<float>(k, true);
    check<double>(k, false);
    check<double>(k, true);
  });
}

BOOST_AUTO_TEST_CASE(all_numbers_of_threads_give_the_same_bits) {
  std::vector<Case> cases{{130, 300, 96, false, false, 0},
                          {30, 300, 700, true, true, 0},
                          {1000, 1100, 1, false, true, 0},
                          {700, 2000, 3, false, true, 0},
                          {3, 2000, 700, false, true, 0},
                          {5, 700, 1001, false, false, 0},
                          // small for a thread, and read where it lies, but not for all of them
                          {128, 128, 96, false, false, 0},
                          {256, 64, 100, true, false, 0}};
  for (const Case& k : cases)
    for (Begin begin : {Begin::zero, Begin::row, Begin::old})
      for (bool packed : {false, true}) {
        auto floats = product<float>(k, 1, packed, begin);
        auto doubles = product<double>(k, 1, packed, begin);
        for (int threads : {2, 3}) {
          BOOST_TEST((product<float>(k, threads, packed, begin) == floats));
          BOOST_TEST((product<double>(k, threads, packed, begin) == doubles));
        }
      }
}

BOOST_AUTO_TEST_CASE(integers_are_exact_from_every_start_on_all_numbers_of_threads) {
  for (auto [rows, inner, columns] :
       {std::array<int64_t, 3>{1, 1, 1}, {5, 0, 3}, {33, 20, 17}, {150, 120, 110}})
    for (Begin begin : {Begin::zero, Begin::row, Begin::old})
      for (int threads : {1, 2, 3}) {
        BOOST_TEST(is_exact<int64_t>(rows, inner, columns, begin, threads));
        BOOST_TEST(is_exact<int32_t>(rows, inner, columns, begin, threads));
      }
}

BOOST_AUTO_TEST_CASE(nan_and_infinity_reach_their_row_and_column_alone) {
  for (int64_t columns : {1, 5, 50, 100}) {
    Tensor a = ones({20, 30}), b = ones({30, columns});
    a.select(0, 7).select(0, 3).fill_(INFINITY);
    b.select(0, 3).select(0, columns - 1).fill_(NAN);
    Tensor y = a.mm(b);
    for (int64_t i = 0; i < 20; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        float v = y.data_ptr<float>()[i * columns + j];
        BOOST_TEST((j == columns - 1 ? std::isnan(v) : i == 7 ? std::isinf(v) : v == 30));
      }
  }
}

BOOST_AUTO_TEST_SUITE_END()
