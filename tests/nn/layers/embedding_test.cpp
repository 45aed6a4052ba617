#include "nn/layers/embedding.h"

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "nn/layers/adaptive_pooling.h"
#include "nn/layers/gelu.h"
#include "nn/layers/sequential.h"
#include "tests/nn/layers/golden_layers.h"
#include "tests/support/error_text.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(embedding_layer)

BOOST_AUTO_TEST_CASE(draws_pytorchs_initial_values) {
  manual_seed(1);
  nn::Embedding plain({.num_embeddings = 5, .embedding_dim = 4});
  check_values(plain.parameters(), layers_json()["init"]["embedding"], 4e-6);
  manual_seed(2);
  nn::Embedding padded({.num_embeddings = 5, .embedding_dim = 4, .padding_idx = -2});
  check_values(padded.parameters(), layers_json()["init"]["embedding_padded"], 4e-6);
}

BOOST_AUTO_TEST_CASE(the_padding_row_stays) {
  nn::Embedding words({.num_embeddings = 3, .embedding_dim = 2, .padding_idx = -1});
  BOOST_TEST(*words.options.padding_idx == 2);
  Tensor indices = tensor({{0, 2}, {2, 1}});
  Tensor y = words(indices);
  BOOST_TEST(y.sizes() == IntList({2, 2, 2}));
  BOOST_TEST(equal(y, embedding(words.weight, indices)));
  y.sum().backward();
  check_values({words.weight.grad()}, {1, 1, 1, 1, 0, 0});
}

BOOST_AUTO_TEST_CASE(prints_and_refuses) {
  BOOST_TEST(fmt::format("{}", nn::Embedding({.num_embeddings = 5, .embedding_dim = 4})) ==
             "Embedding(5, 4)");
  BOOST_TEST(fmt::format("{}", nn::Embedding(
                                   {.num_embeddings = 5, .embedding_dim = 4, .padding_idx = 0})) ==
             "Embedding(5, 4, padding_idx=0)");
  BOOST_TEST(error_text([] { nn::Embedding({.num_embeddings = 0, .embedding_dim = 4}); }) ==
             "Embedding: num_embeddings is 0; expected 1 or more");
  BOOST_TEST(error_text([] {
               nn::Embedding({.num_embeddings = 3, .embedding_dim = 4, .padding_idx = 3});
             }) == "Embedding: padding_idx is 3; expected -3 to 2");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(further_layers)

BOOST_AUTO_TEST_CASE(gelu_runs_its_op) {
  Tensor x = randn({3, 4});
  BOOST_TEST(equal(nn::GELU()(x), gelu(x)));
  BOOST_TEST(equal(nn::GELU({.approximate = "tanh"})(x), gelu(x, "tanh")));
  BOOST_TEST(fmt::format("{}", nn::GELU()) == "GELU()");
  BOOST_TEST(fmt::format("{}", nn::GELU({.approximate = "tanh"})) == "GELU(approximate=tanh)");
  BOOST_TEST(error_text([] { nn::GELU({.approximate = "fast"}); }) ==
             "GELU: approximate is \"fast\"; expected \"none\" or \"tanh\"");
}

BOOST_AUTO_TEST_CASE(adaptive_pooling_runs_its_op) {
  Tensor x = randn({2, 3, 5, 4});
  auto pooled = [&](nn::OutputSize size) {
    return nn::AdaptiveAvgPool2d({.output_size = size})(x);
  };
  BOOST_TEST(equal(nn::AdaptiveAvgPool2d({.output_size = 1})(x), adaptive_avg_pool2d(x, 1)));
  BOOST_TEST(
      equal(nn::AdaptiveAvgPool2D({.output_size = {3, 2}})(x), adaptive_avg_pool2d(x, {3, 2})));
  BOOST_TEST(equal(pooled({std::nullopt, 2}), adaptive_avg_pool2d(x, {5, 2})));
  BOOST_TEST(equal(pooled(std::nullopt), x));
  BOOST_TEST(fmt::format("{}", nn::AdaptiveAvgPool2d({.output_size = 1})) ==
             "AdaptiveAvgPool2d(output_size=1)");
  BOOST_TEST(fmt::format("{}", nn::AdaptiveAvgPool2d({.output_size = {std::nullopt, 2}})) ==
             "AdaptiveAvgPool2d(output_size=[none, 2])");
  BOOST_TEST(error_text([] {
               nn::AdaptiveAvgPool2d({.output_size = {1, -2}});
             }) == "AdaptiveAvgPool2d: output_size is [1, -2]; expected 0 or more");
  BOOST_TEST(nn::Sequential(nn::GELU(), nn::AdaptiveAvgPool2d({.output_size = 2}))(x).sizes() ==
             IntList({2, 3, 2, 2}));
}

BOOST_AUTO_TEST_SUITE_END()
