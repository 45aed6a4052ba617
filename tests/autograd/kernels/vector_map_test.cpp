#include "autograd/kernels/vector_map.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autograd/tensor/factories.h"

namespace {

using namespace taper;
using kernels::VectorBinary;
using kernels::VectorUnary;

double relu_of(double x) { return x < 0 ? 0 : x; }
double square_of(double x) { return x * x; }
double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double gelu_of(double x) { return x * below(x); }
double negative_of(double x) { return -x; }

struct Case {
  VectorUnary f;
  double (*truth)(double);
  double from, to, ulps;
};

const std::vector<Case> cases{
    {VectorUnary::neg, negative_of, -5, 5, 0},  {VectorUnary::abs, std::fabs, -5, 5, 0},
    {VectorUnary::square, square_of, -5, 5, 1}, {VectorUnary::sqrt, std::sqrt, 0, 100, 1},
    {VectorUnary::relu, relu_of, -5, 5, 0},     {VectorUnary::exp, std::exp, -80, 80, 2},
    {VectorUnary::log, std::log, 1e-6, 1e6, 4}, {VectorUnary::sigmoid, sigmoid_of, -80, 30, 4},
    {VectorUnary::tanh, std::tanh, -20, 20, 4}, {VectorUnary::erf, std::erf, -6, 6, 7}};

/// The worst error over [from, to] in units of T's last place.
template <class T>
double worst_ulps(const Case& c, int64_t n) {
  Tensor x = linspace(c.from, c.to, n, {.dtype = dtype_of<T>()}), y = empty_like(x);
  BOOST_TEST_REQUIRE(kernels::vector_map(c.f, plain(x), plain(y)));
  double worst = 0;
  for (int64_t i = 0; i < n; ++i) {
    double expected = c.truth(double(x.data_ptr<T>()[i]));
    T rounded = T(expected);
    double ulp = double(std::nextafter(std::fabs(rounded), T(INFINITY)) - std::fabs(rounded));
    worst = std::max(worst, std::fabs(double(y.data_ptr<T>()[i]) - expected) / ulp);
  }
  return worst;
}

template <class T>
std::vector<T> of_special(VectorUnary f) {
  Tensor x = tensor({-INFINITY, INFINITY, double(NAN), 0.0}, {.dtype = dtype_of<T>()}),
         y = empty_like(x);
  kernels::vector_map(f, plain(x), plain(y));
  return {y.data_ptr<T>(), y.data_ptr<T>() + 4};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vector_forms)

BOOST_AUTO_TEST_CASE(are_within_their_bounds) {
  for (const Case& c : cases)
    for (int64_t n : {1, 3, 16, 37, 100003}) {
      BOOST_TEST(worst_ulps<float>(c, n) <= c.ulps + 0.5, "float, form " << int(c.f));
      BOOST_TEST(worst_ulps<double>(c, n) <= c.ulps + 1.5, "double, form " << int(c.f));
    }
}

BOOST_AUTO_TEST_CASE(take_infinities_and_nan) {
  for (const Case& c : cases) {
    auto check = [&](auto y) {
      for (size_t i : {0, 1, 3}) {
        double x = i == 0 ? -INFINITY : i == 1 ? INFINITY : 0, expected = c.truth(x);
        BOOST_TEST((std::isnan(expected) ? std::isnan(y[i]) : double(y[i]) == expected),
                   "form " << int(c.f) << " of " << x << " is " << y[i]);
      }
      BOOST_TEST(std::isnan(y[2]), "form " << int(c.f));
    };
    check(of_special<float>(c.f));
    check(of_special<double>(c.f));
  }
}

BOOST_AUTO_TEST_CASE(gelu_in_float) {
  Tensor x = linspace(-4, 4, 1001), y = empty_like(x), dy = full_like(x, 2.0f), dx = empty_like(x);
  BOOST_TEST(kernels::vector_map(VectorUnary::gelu, plain(x), plain(y)));
  BOOST_TEST(kernels::vector_map(VectorBinary::gelu_input, plain(dy), plain(x), plain(dx)));
  for (int64_t i = 0; i < x.numel(); ++i) {
    double v = x.data_ptr<float>()[i], density = std::exp(-v * v / 2) / std::sqrt(2 * M_PI);
    BOOST_TEST(std::fabs(y.data_ptr<float>()[i] - gelu_of(v)) < 1e-6);
    BOOST_TEST(std::fabs(dx.data_ptr<float>()[i] - 2 * (below(v) + v * density)) < 2e-6);
  }
}

BOOST_AUTO_TEST_CASE(gelu_far_out) {
  Tensor x = tensor({-INFINITY, -2e10, -20.0, 20.0, 2e10, INFINITY, double(NAN)},
                    {.dtype = float32}),
         y = empty_like(x), dy = ones_like(x), dx = empty_like(x);
  kernels::vector_map(VectorUnary::gelu, plain(x), plain(y));
  kernels::vector_map(VectorBinary::gelu_input, plain(dy), plain(x), plain(dx));
  const float *from = x.data_ptr<float>(), *to = y.data_ptr<float>(), *slope = dx.data_ptr<float>();
  for (int i : {1, 2}) BOOST_TEST((to[i] == 0 && slope[i] == 0));
  for (int i : {3, 4, 5}) BOOST_TEST((to[i] == from[i] && slope[i] == 1));
  BOOST_TEST((std::isnan(to[6]) && std::isnan(slope[6])));
}

BOOST_AUTO_TEST_CASE(a_number_stands_for_all) {
  Tensor x = arange(37, {.dtype = float32}), two = tensor(2.0f), y = empty_like(x);
  auto at_36 = [&](VectorBinary f, const Tensor& a, const Tensor& b) {
    BOOST_TEST_REQUIRE(kernels::vector_map(f, plain(a), plain(b), plain(y)));
    return y.data_ptr<float>()[36];
  };
  BOOST_TEST(at_36(VectorBinary::add, x, two) == 38);
  BOOST_TEST(at_36(VectorBinary::sub, two, x) == -34);
  BOOST_TEST(at_36(VectorBinary::mul, x, x) == 1296);
  BOOST_TEST(at_36(VectorBinary::div, two, x) == 2.0f / 36);
}

BOOST_AUTO_TEST_CASE(leave_other_operands_alone) {
  Tensor x = ones({3, 4}), y = empty({4, 3}), ints = ones({3}, {.dtype = int64});
  BOOST_TEST(!kernels::vector_map(VectorUnary::exp, plain(x.t()), plain(y)));
  BOOST_TEST(!kernels::vector_map(VectorUnary::neg, plain(ints), plain(ints)));
  BOOST_TEST(!kernels::vector_map(VectorBinary::add, plain(ones({4})), plain(x), plain(x)));
}

BOOST_AUTO_TEST_SUITE_END()
