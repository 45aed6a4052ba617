#include <boost/test/unit_test.hpp>
#include <limits>

#include "autograd/graph/engine.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using taper::test::error_text;

BOOST_AUTO_TEST_SUITE(join)

BOOST_AUTO_TEST_CASE(cat_promotes_and_skips_legacy_empty) {
  Tensor x = ones({2, 2}), none = empty({0});
  BOOST_TEST(cat({none, x}, 1).sizes() == IntList({2, 2}));
  BOOST_TEST(cat({none, none}).sizes() == IntList(0));
  BOOST_TEST(cat({x, ones({1, 2}, {.dtype = int64})}).dtype() == float32);
  BOOST_TEST(cat({empty({0}, {.dtype = float64}), x}, -1).dtype() == float64);
  BOOST_TEST(!cat({x}).is_alias_of(x));
  BOOST_TEST(stack({tensor(1), tensor(2.5)}, -1).dtype() == float32);
}

BOOST_AUTO_TEST_CASE(many_inputs) {
  tensor_list parts;
  for (int i = 0; i < 40; ++i)
    parts.push_back(full({1}, i, {.dtype = float64, .requires_grad = i % 2 == 0}));
  Tensor y = cat(parts);
  BOOST_TEST(y[39].item<double>() == 39);
  (y * y).sum().backward();
  BOOST_TEST(parts[38].grad().item<double>() == 76);
  BOOST_TEST(!parts[39].grad().defined());
}

BOOST_AUTO_TEST_CASE(parts_are_views) {
  Tensor x = zeros({7, 2});
  tensor_list parts = x.split(3);
  BOOST_TEST(parts.size() == 3u);
  BOOST_TEST(parts[2].sizes() == IntList({1, 2}));
  parts[1].fill_(1);
  BOOST_TEST(x.sum().item<float>() == 6);
  BOOST_TEST(x.split({5, 0, 2})[1].sizes() == IntList({0, 2}));
  BOOST_TEST(zeros(5).chunk(4).size() == 3u);
  BOOST_TEST(zeros(0).chunk(4).size() == 4u);
  BOOST_TEST(zeros(0).split(0).size() == 1u);
}

BOOST_AUTO_TEST_CASE(parts_are_outputs_of_one_node) {
  Tensor x = ones({40, 2}, {.requires_grad = true});
  tensor_list parts = x.split(1);
  BOOST_TEST(parts.size() == 40u);
  BOOST_TEST((parts[39].grad_fn() == parts[0].grad_fn()));
  BOOST_TEST(parts[39].output_nr() == 39);
  (parts[39] * 3 + parts[1]).sum().backward();
  BOOST_TEST(x.grad()[39][1].item<float>() == 3);
  BOOST_TEST(x.grad().sum().item<float>() == 8);
}

BOOST_AUTO_TEST_CASE(parts_written_in_place) {
  Tensor leaf = ones({4}, {.requires_grad = true}), x = leaf * 1;
  tensor_list parts = x.chunk(2);
  parts[1].mul_(5);
  (x.sum() + parts[0].sum()).backward();
  BOOST_TEST(leaf.grad()[0].item<float>() == 2);
  BOOST_TEST(leaf.grad()[3].item<float>() == 5);
}

BOOST_AUTO_TEST_CASE(more_chunks_than_places) {
  BOOST_TEST(zeros(3).chunk(std::numeric_limits<int64_t>::max()).size() == 3u);
  BOOST_TEST(zeros(3).split(std::numeric_limits<int64_t>::max()).size() == 1u);
}

BOOST_AUTO_TEST_CASE(errors_of_cat_and_stack) {
  Tensor x = zeros({2, 3});
  BOOST_TEST(error_text([&] { cat({}); }) == "cat: no tensors; expected at least one");
  BOOST_TEST(error_text([&] {
               cat({x, Tensor()});
             }) == "tensor: undefined; expected a tensor with values");
  BOOST_TEST(
      error_text([&] {
        cat({x, zeros({3, 2})});
      }) ==
      "cat: tensor 1 has shape [3, 2], tensor 0 [2, 3]; expected equal sizes but in dimension 0");
  BOOST_TEST(
      error_text([&] {
        cat({x, zeros(3)}, 1);
      }) ==
      "cat: tensor 1 has shape [3], tensor 0 [2, 3]; expected equal sizes but in dimension 1");
  BOOST_TEST(error_text([&] {
               cat({x, tensor(1.0)});
             }) == "cat: tensor 1 is 0-dim; expected at least one dimension");
  BOOST_TEST(error_text([&] { cat({tensor(1.0)}); }) ==
             "cat: tensor 0 is 0-dim; expected at least one dimension");
  BOOST_TEST(error_text([&] {
               cat({x, x}, 2);
             }) == "cat: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([&] { stack({}); }) == "stack: no tensors; expected at least one");
  BOOST_TEST(error_text([&] {
               stack({x, zeros({2, 2})});
             }) == "stack: tensor 1 has shape [2, 2], tensor 0 [2, 3]; expected one shape");
}

BOOST_AUTO_TEST_CASE(errors_of_split_and_chunk) {
  Tensor x = zeros({2, 3});
  BOOST_TEST(error_text([&] { x.split(0); }) == "split: parts of 0; expected 1 or more");
  BOOST_TEST(error_text([&] {
               x.split({1, 3}, 1);
             }) ==
             "split: sizes [1, 3] for dimension 1 of shape [2, 3]; expected sizes that sum to 3");
  BOOST_TEST(error_text([&] {
               x.split({4, -1}, 1);
             }) ==
             "split: sizes [4, -1] for dimension 1 of shape [2, 3]; expected sizes that sum to 3");
  BOOST_TEST(error_text([&] { x.chunk(0); }) == "chunk: 0 chunks; expected 1 or more");
  BOOST_TEST(error_text([&] { zeros(0).chunk(std::numeric_limits<int64_t>::max()); }) ==
             "chunk: 9223372036854775807 chunks of an empty dimension; expected at most 1048576");
  BOOST_TEST(error_text([&] { tensor(1.0).split(1); }) ==
             "split: a 0-dim tensor; expected at least one dimension");
}

BOOST_AUTO_TEST_SUITE_END()
