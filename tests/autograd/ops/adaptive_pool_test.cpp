#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"

using namespace taper;
using taper::test::error_text;
using taper::test::max_difference;

BOOST_AUTO_TEST_SUITE(adaptive_pool)

BOOST_AUTO_TEST_CASE(even_bins_are_average_pooling) {
  Tensor x = randn({2, 3, 6, 8}, {.dtype = float64});
  BOOST_TEST(max_difference(adaptive_avg_pool2d(x, {3, 2}), avg_pool2d(x, {2, 4})) < 1e-14);
  BOOST_TEST(max_difference(adaptive_avg_pool2d(x, {6, 8}), x) == 0);
  BOOST_TEST(max_difference(adaptive_avg_pool2d(x, 1), x.mean({2, 3}, true)) < 1e-14);
  BOOST_TEST(adaptive_avg_pool2d(x, {0, 2}).sizes() == IntList({2, 3, 0, 2}));
}

BOOST_AUTO_TEST_CASE(refuses) {
  BOOST_TEST(error_text([] {
               adaptive_avg_pool2d(zeros({2, 3}), 1);
             }) ==
             "adaptive_avg_pool2d: input has shape [2, 3]; expected [N, C, H, W] or [C, H, W]");
  BOOST_TEST(error_text([] {
               adaptive_avg_pool2d(zeros({1, 2, 0, 3}), 1);
             }) ==
             "adaptive_avg_pool2d: input has shape [1, 2, 0, 3]; expected images of 1 pixel or "
             "more");
  BOOST_TEST(error_text([] {
               adaptive_avg_pool2d(zeros({1, 2, 3}), {2, -1});
             }) == "adaptive_avg_pool2d: output_size is [2, -1]; expected 0 to 2147483647");
  BOOST_TEST(error_text([] {
               adaptive_avg_pool2d(zeros({1, 2, 3}, {.dtype = int64}), 1);
             }) == "adaptive_avg_pool2d: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([] {
               adaptive_avg_pool2d_input(zeros({2, 1, 1}), {1, 2, 3});
             }) ==
             "adaptive_avg_pool2d_input: dy has shape [2, 1, 1] for an input of shape [1, 2, 3]; "
             "expected the same but for the images' size");
}

BOOST_AUTO_TEST_SUITE_END()
