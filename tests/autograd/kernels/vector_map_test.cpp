#include "autograd/kernels/vector_map.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autograd/tensor/factories.h"

namespace {

using namespace taper;
using kernels::VectorForm;

/// y = f(x), y = f(a, b); false where there is no vector form.
bool vector_map(VectorForm f, const Tensor& x, const Tensor& y) {
  Buffer from = plain(x);
  return kernels::vector_map(f, plain(y), {&from});
}
bool vector_map(VectorForm f, const Tensor& a, const Tensor& b, const Tensor& y) {
  Buffer p = plain(a), q = plain(b);
  return kernels::vector_map(f, plain(y), {&p, &q});
}

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double gelu_of(double x) { return x * below(x); }

struct Case {
  VectorForm f;
  double (*truth)(double);
  double from, to, ulps, ulps_of_doubles;
};

const std::vector<Case> cases{{VectorForm::sqrt, std::sqrt, 0, 100, 0.5, 0.5},
                              {VectorForm::exp, std::exp, -80, 80, 2, 3},
                              {VectorForm::log, std::log, 1e-6, 1e6, 4, 5},
                              {VectorForm::sigmoid, sigmoid_of, -87.336, 30, 4, 5},
                              {VectorForm::tanh, std::tanh, -20, 20, 3, 5},
                              {VectorForm::tanh, std::tanh, -0.7, 0.7, 3, 5},
                              {VectorForm::erf, std::erf, -6, 6, 7, 8}};

/// The worst error over [from, to] in units of T's last place.
template <class T>
double worst_ulps(const Case& c, int64_t n) {
  Tensor x = linspace(c.from, c.to, n, {.dtype = dtype_of<T>()}), y = empty_like(x);
  BOOST_TEST_REQUIRE(vector_map(c.f, x, y));
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
std::vector<T> of_special(VectorForm f) {
  Tensor x = tensor({-INFINITY, INFINITY, double(NAN), 0.0}, {.dtype = dtype_of<T>()}),
         y = empty_like(x);
  vector_map(f, x, y);
  return {y.data_ptr<T>(), y.data_ptr<T>() + 4};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vector_forms)

BOOST_AUTO_TEST_CASE(are_within_their_bounds) {
  for (const Case& c : cases)
    for (int64_t n : {1, 3, 16, 37, 100003}) {
      BOOST_TEST(worst_ulps<float>(c, n) <= c.ulps, "float, form " << int(c.f));
      BOOST_TEST(worst_ulps<double>(c, n) <= c.ulps_of_doubles, "double, form " << int(c.f));
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
  BOOST_TEST(vector_map(VectorForm::gelu, x, y));
  BOOST_TEST(vector_map(VectorForm::gelu_input, dy, x, dx));
  for (int64_t i = 0; i < x.numel(); ++i) {
    double v = x.data_ptr<float>()[i], density = std::exp(-v * v / 2) / std::sqrt(2 * M_PI);
    BOOST_TEST(std::fabs(y.data_ptr<float>()[i] - gelu_of(v)) < 1e-6);
    BOOST_TEST(std::fabs(dx.data_ptr<float>()[i] - 2 * (below(v) + v * density)) < 2e-6);
  }
}

BOOST_AUTO_TEST_CASE(gelu_keeps_the_digits_of_its_lower_tail) {
  Tensor x = linspace(-12, -1, 1001), y = empty_like(x);
  vector_map(VectorForm::gelu, x, y);
  for (int64_t i = 0; i < x.numel(); ++i) {
    double expected = gelu_of(x.data_ptr<float>()[i]);
    BOOST_TEST(std::fabs(y.data_ptr<float>()[i] / expected - 1) < 1e-5);
  }
}

BOOST_AUTO_TEST_CASE(sigmoid_is_zero_instead_of_denormal) {
  Tensor x = tensor({-87.4f, -1e30f}), y = ones_like(x);
  vector_map(VectorForm::sigmoid, x, y);
  for (int i : {0, 1}) BOOST_TEST(y.data_ptr<float>()[i] == 0);
}

BOOST_AUTO_TEST_CASE(gelu_far_out) {
  Tensor x = tensor({-INFINITY, -2e10, -20.0, 20.0, 2e10, INFINITY, double(NAN)},
                    {.dtype = float32}),
         y = empty_like(x), dy = ones_like(x), dx = empty_like(x);
  vector_map(VectorForm::gelu, x, y);
  vector_map(VectorForm::gelu_input, dy, x, dx);
  const float *from = x.data_ptr<float>(), *to = y.data_ptr<float>(), *slope = dx.data_ptr<float>();
  for (int i : {1, 2}) BOOST_TEST((to[i] == 0 && slope[i] == 0));
  for (int i : {3, 4, 5}) BOOST_TEST((to[i] == from[i] && slope[i] == 1));
  BOOST_TEST((std::isnan(to[6]) && std::isnan(slope[6])));
}

BOOST_AUTO_TEST_CASE(zeros_keep_their_sign) {
  for (VectorForm f : {VectorForm::sqrt, VectorForm::tanh, VectorForm::erf}) {
    Tensor x = tensor({-0.0f, 0.0f}), y = empty_like(x);
    vector_map(f, x, y);
    BOOST_TEST(std::signbit(y.data_ptr<float>()[0]), "form " << int(f));
    BOOST_TEST(!std::signbit(y.data_ptr<float>()[1]), "form " << int(f));
  }
}

BOOST_AUTO_TEST_CASE(tanh_is_odd_and_within_one) {
  Tensor x = linspace(0, 12, 100001, {.dtype = float32}), y = empty_like(x), z = empty_like(x);
  vector_map(VectorForm::tanh, x, y);
  vector_map(VectorForm::tanh, -x, z);
  BOOST_TEST((y == -z).all().item<bool>());
  BOOST_TEST((y <= 1).all().item<bool>());
}

BOOST_AUTO_TEST_CASE(operands_lie_as_they_like) {
  Tensor x = randn({3, 37}), y = empty({37, 3}), packed = empty({37, 3}), row = empty({5, 3});
  BOOST_TEST(vector_map(VectorForm::exp, x.t(), y));
  BOOST_TEST(vector_map(VectorForm::exp, x.t().contiguous(), packed));
  BOOST_TEST((y == packed).all().item<bool>());
  BOOST_TEST(vector_map(VectorForm::exp, x[0].slice(0, 0, 3), row));
  BOOST_TEST((row[4] == row[0]).all().item<bool>());
  BOOST_TEST(vector_map(VectorForm::exp, y, y));
  BOOST_TEST((y == packed.exp()).all().item<bool>());
}

BOOST_AUTO_TEST_CASE(leave_other_types_alone) {
  Tensor x = ones({3}), ints = ones({3}, {.dtype = int64}), doubles = ones({3}, {.dtype = float64});
  BOOST_TEST(!vector_map(VectorForm::exp, ints, ints));
  BOOST_TEST(!vector_map(VectorForm::exp, x, doubles));
  BOOST_TEST(!vector_map(VectorForm::gelu, doubles, doubles));
}

BOOST_AUTO_TEST_SUITE_END()
