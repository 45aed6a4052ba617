#include <boost/test/unit_test.hpp>

#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"
#include "tests/support/options.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(dense_layers)

BOOST_AUTO_TEST_CASE(equation_9_as_it_is_written) {
  manual_seed(1);
  Tensor x = randn({5, 3}, leaf), w = randn({4, 2}, leaf), dy = randn({5, 2}, doubles);
  Tensor y = dense(x, w), composed = cat({x, ones({5, 1}, doubles)}, 1).mm(w);
  BOOST_TEST(max_difference(y, composed) < 1e-15);
  tensor_list by_kernel = grad({y}, {x, w}, {dy}), written = grad({composed}, {x, w}, {dy});
  for (size_t i : {0, 1}) BOOST_TEST(max_difference(by_kernel[i], written[i]) < 1e-14);
}

BOOST_AUTO_TEST_CASE(the_bias_is_the_last_row) {
  manual_seed(1);
  Tensor x = randn({5, 3}, leaf), w = randn({4, 2}, leaf);
  Tensor y = dense(x, w);
  BOOST_TEST(max_difference(y, linear(x, w.narrow(0, 0, 3).t(), w[3])) < 1e-15);
}

BOOST_AUTO_TEST_CASE(formulas_equal_the_fast_rules) {
  manual_seed(2);
  for (Shape sizes : {Shape{5, 3}, {1, 3}, {0, 3}, {3}, {2, 4, 3}}) {
    Tensor x = randn(sizes, leaf), w = randn({4, 2}, leaf);
    Tensor y = dense(x, w), dy = randn(y.sizes(), {.dtype = float64});
    auto [dx, dw] = unpack<2>(grad({y}, {x, w}, {dy}, {.retain_graph = true}));
    FormulaGuard formulas;
    auto [written_dx, written_dw] = unpack<2>(grad({y}, {x, w}, {dy}));
    BOOST_TEST(max_difference(dx, written_dx) < 1e-14);
    BOOST_TEST(max_difference(dw, written_dw) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(shapes_of_linear) {
  Tensor w = ones({2, 3}), b = tensor({1.0, 2.0});
  BOOST_TEST(max_difference(linear(ones({3}), w, b), tensor({4.0, 5.0})) == 0);
  BOOST_TEST((linear(ones({4, 5, 3}), w).sizes() == IntList({4, 5, 2})));
  BOOST_TEST((linear(ones({0, 3}), w, b).sizes() == IntList({0, 2})));
}

BOOST_AUTO_TEST_CASE(error_texts) {
  Tensor x = ones({4, 3}), w = ones({2, 3});
  BOOST_TEST(error_text([&] { linear(x, ones({3})); }) ==
             "linear: weight has shape [3]; expected [out, in]");
  BOOST_TEST(error_text([&] {
               linear(ones({4, 5}), w);
             }) == "linear: input has shape [4, 5], weight [2, 3] expects [.., 3]");
  BOOST_TEST(error_text([&] { linear(x, w, ones({3})); }) ==
             "linear: bias has shape [3]; expected [2]");
  BOOST_TEST(error_text([&] { linear(x, w.to(float64)); }) ==
             "linear: input is float32, weight float64; expected one floating type");
  BOOST_TEST(error_text([&] { linear(x, w, ones({2}, {.dtype = int64})); }) ==
             "linear: input is float32, bias int64; expected one floating type");
  BOOST_TEST(error_text([&] { dense(x, ones({4})); }) ==
             "dense: weight has shape [4]; expected [in + 1, out]");
  BOOST_TEST(error_text([&] {
               dense(x, ones({3, 2}));
             }) == "dense: input has shape [4, 3], weight [3, 2] expects [.., 2]");
  BOOST_TEST(error_text([&] {
               dense(tensor(1.0), ones({3, 2}));
             }) == "dense: input has shape [], weight [3, 2] expects [.., 2]");
  BOOST_TEST(error_text([&] {
               dense(ones({5}), ones({3, 2}));
             }) == "dense: input has shape [5], weight [3, 2] expects [.., 2]");
  BOOST_TEST(error_text([&] {
               dense(ones({2, 4, 5}), ones({3, 2}));
             }) == "dense: input has shape [2, 4, 5], weight [3, 2] expects [.., 2]");
  BOOST_TEST(error_text([&] {
               dense(x, ones({4, 2}, {.dtype = float64}));
             }) == "dense: input is float32, weight float64; expected one floating type");
}

BOOST_AUTO_TEST_SUITE_END()
