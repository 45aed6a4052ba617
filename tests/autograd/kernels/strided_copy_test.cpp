#include "autograd/kernels/strided_copy.h"

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"

namespace {

using namespace taper;

/// 0, 1, .. in a tensor of this type; small ones again and again.
Tensor counted(IntList sizes, Dtype dtype) {
  Tensor x = empty(sizes, {.dtype = dtype});
  dispatch(dtype, [&](auto t) {
    using T = decltype(t);
    for (int64_t i = 0; i < x.numel(); ++i) x.data_ptr<T>()[i] = T(i % 251);
  });
  return x;
}

/// Whether y is x, read one by one at the places that sizes and strides name.
template <class T>
bool same_elements(const Tensor& x, const Tensor& y) {
  Shape index(size_t(x.dim()), 0);
  for (int64_t n = 0; n < x.numel(); ++n) {
    int64_t from = 0, to = 0, rest = n;
    for (size_t d = index.size(); d-- > 0; rest /= x.sizes()[d]) {
      from += rest % x.sizes()[d] * x.strides()[d];
      to += rest % x.sizes()[d] * y.strides()[d];
    }
    if (x.data_ptr<T>()[from] != y.data_ptr<T>()[to]) return false;
  }
  return true;
}

void check(const Tensor& x, const Tensor& y, const char* what) {
  kernels::strided_copy(plain(x), plain(y));
  bool same = dispatch(x.dtype(), [&](auto t) { return same_elements<decltype(t)>(x, y); });
  BOOST_TEST(same, what << " of " << x.sizes() << " in " << x.dtype());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(strided_copies)

BOOST_AUTO_TEST_CASE(matrices_of_every_shape_and_type) {
  for (Dtype d : {boolean, int32, float64})
    for (int64_t rows : {1, 3, 7, 9, 64, 65, 130})
      for (int64_t columns : {1, 2, 5, 8, 63, 64, 200}) {
        Tensor x = counted({rows, columns}, d), wide = counted({rows, columns + 3}, d);
        check(x.t(), empty({columns, rows}, {.dtype = d}), "a transpose");
        check(x, empty({columns, rows}, {.dtype = d}).t(), "into a transpose");
        check(x.t(), empty({rows, columns}, {.dtype = d}).t(), "both transposed");
        check(wide.slice(1, 1, columns + 1).t(),
              empty({columns, rows + 5}, {.dtype = d}).slice(1, 2, rows + 2), "parts");
        check(wide.slice(1, 0, columns + 3, 2), counted({(columns + 4) / 2, rows}, d).t(),
              "every second");
      }
}

BOOST_AUTO_TEST_CASE(permutations_of_four_dimensions) {
  Tensor x = counted({3, 9, 66, 10}, float32);
  Shape p{0, 1, 2, 3};
  do {
    Tensor turned = x.permute(p);
    check(turned, empty(turned.sizes()), "a permutation");
    check(turned, empty(x.sizes()).permute(p), "the same permutation");
    check(turned.slice(1, 1, 3), empty(turned.sizes()).slice(1, 0, 2), "a part");
  } while (std::next_permutation(p.begin(), p.end()));
}

BOOST_AUTO_TEST_CASE(large_ones_past_the_caches_and_on_threads) {
  Tensor x = counted({1500, 2050}, float32);
  check(x.t(), empty({2050, 1500}), "unaligned rows");
  check(x.slice(0, 0, 1472).slice(1, 0, 2048).t(), empty({2048, 1472}), "aligned rows");
}

BOOST_AUTO_TEST_CASE(repeated_and_reversed_sources) {
  Tensor x = counted({70, 1, 80}, int64);
  check(x.expand({70, 5, 80}), empty({70, 5, 80}, {.dtype = int64}), "repeated rows");
  check(x.permute({2, 0, 1}).expand({80, 70, 5}), empty({80, 70, 5}, {.dtype = int64}), "numbers");
  Tensor y = empty({70, 80}, {.dtype = int64});
  kernels::strided_copy(8, y.sizes(), x.data_ptr<int64_t>() + 70 * 80 - 1, {-80, -1},
                        y.data_ptr<int64_t>(), {80, 1});
  BOOST_TEST((y == x.squeeze(1).flip({0, 1})).all().item<bool>());
}

BOOST_AUTO_TEST_CASE(the_last_one_stays_where_destinations_coincide) {
  Tensor x = counted({4, 5}, float32), y = zeros({5});
  kernels::strided_copy(4, x.sizes(), x.data_ptr<float>(), {5, 1}, y.data_ptr<float>(), {0, 1});
  for (int64_t i = 0; i < 5; ++i) BOOST_TEST(y.data_ptr<float>()[i] == float(15 + i));
}

BOOST_AUTO_TEST_CASE(nothing_to_copy) {
  check(zeros({0, 3}).t(), empty({3, 0}), "an empty one");
  check(tensor(3.0f), empty({}), "a number");
}

BOOST_AUTO_TEST_SUITE_END()
