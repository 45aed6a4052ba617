#include <boost/test/unit_test.hpp>

#include "autograd/graph/engine.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(index_ops)

BOOST_AUTO_TEST_CASE(gather_and_its_adjoint) {
  Tensor x = tensor({{1, 2, 3}, {4, 5, 6}}), index = tensor({{2, 2}, {0, 1}});
  BOOST_TEST(values(x.gather(1, index)) == (Values{3, 3, 4, 5}));
  BOOST_TEST(values(x.gather(-1, index.to(int32))) == (Values{3, 3, 4, 5}));
  BOOST_TEST(values(x.gather(1, index).embed_at(1, index, {2, 3})) == (Values{0, 0, 6, 4, 5, 0}));
  BOOST_TEST(values(x.t().gather(0, index.t())) == (Values{3, 4, 3, 5}));
}

BOOST_AUTO_TEST_CASE(scatter_writes_and_adds) {
  Tensor x = zeros({2, 3}), index = tensor({{0, 2}}), ones = taper::ones({1, 2});
  BOOST_TEST(values(x.scatter(1, index, ones)) == (Values{1, 0, 1, 0, 0, 0}));
  BOOST_TEST(values(x.scatter(1, index, 7)) == (Values{7, 0, 7, 0, 0, 0}));
  BOOST_TEST(values(x.scatter(1, index, taper::ones({2, 3}))) == (Values{1, 0, 1, 0, 0, 0}));
  BOOST_TEST(values(x.scatter_add(1, tensor({{2, 2}}), ones)) == (Values{0, 0, 2, 0, 0, 0}));
  BOOST_TEST(values(x) == (Values(6, 0)));
  x.scatter_(1, index, ones).scatter_add_(0, tensor({{1, 1}}), ones);
  BOOST_TEST(values(x) == (Values{1, 0, 1, 1, 1, 0}));
  Tensor number = tensor(5.0);
  number.scatter_(0, tensor(0), 2);
  BOOST_TEST(number.item<double>() == 2);
}

BOOST_AUTO_TEST_CASE(scatter_in_place_through_a_view_has_gradients) {
  Tensor x = zeros({2, 3}, {.requires_grad = true}), source = ones({1, 2}, {.requires_grad = true});
  Tensor y = x * 2;
  y.t().scatter_(0, tensor({{1, 0}}), source);
  (y * tensor({{1., 2., 3.}, {4., 5., 6.}})).sum().backward();
  BOOST_TEST(values(x.grad()) == (Values{2, 0, 6, 0, 10, 12}));
  BOOST_TEST(values(source.grad()) == (Values{2, 4}));
}

BOOST_AUTO_TEST_CASE(writers_are_named) {
  Tensor x = ones({2, 3}, {.requires_grad = true});
  auto overwritten_by = [&](auto write) {
    Tensor y = x * 1, z = y * y;
    write(y);
    return error_text([&] { z.sum().backward(); });
  };
  auto expected = [](const char* writer) {
    return fmt::format(
        "mul: input 1 of shape [2, 3], saved for backward, was overwritten by {}; it is at "
        "version 1, expected version 0",
        writer);
  };
  BOOST_TEST(overwritten_by([](const Tensor& y) {
               y.scatter_add_(1, tensor({{0}}), ones({1, 1}));
             }) == expected("scatter_add_"));
  BOOST_TEST(overwritten_by([](const Tensor& y) { y.masked_fill_(ones({3}) > 0, 2); }) ==
             expected("masked_fill_"));
}

BOOST_AUTO_TEST_CASE(scatter_add_of_itself) {
  Tensor x = tensor({1, 2, 3});
  x.scatter_add_(0, tensor({1, 2, 0}), x);
  BOOST_TEST(values(x) == (Values{4, 3, 5}));
}

BOOST_AUTO_TEST_CASE(index_select_copies) {
  Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  BOOST_TEST(values(x.index_select(1, tensor({2, 0, 2}))) == (Values{3, 1, 3, 6, 4, 6}));
  BOOST_TEST(values(x.index_select(0, tensor(1))) == (Values{4, 5, 6}));
  BOOST_TEST(tensor(5).index_select(0, tensor({0})).dim() == 0);
}

BOOST_AUTO_TEST_CASE(errors_of_gather) {
  Tensor x = zeros({2, 3}), index = tensor({{0, 1}});
  auto text = [](auto f) { return error_text(f); };
  BOOST_TEST(text([&] {
               x.gather(1, tensor({{0, 3}}));
             }) == "gather: index 3 in dimension 1 of shape [2, 3]; expected 0 to 2");
  BOOST_TEST(text([&] { x.gather(1, tensor({{-1}})); }) ==
             "gather: index -1 in dimension 1 of shape [2, 3]; expected 0 to 2");
  BOOST_CHECK_THROW(x.gather(1, tensor({{3}})), IndexError);
  BOOST_TEST(text([&] { x.gather(2, index); }) ==
             "gather: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(text([&] { x.gather(1, tensor({0})); }) ==
             "gather: an index of shape [1] for a tensor of shape [2, 3]; expected as many "
             "dimensions, and sizes "
             "within its own but in dimension 1");
  BOOST_TEST(text([&] { x.gather(1, tensor({{0.0}})); }) ==
             "gather: the index is float32; expected int64 or int32");
  BOOST_TEST(text([&] {
               x.embed_at(1, index, {2, 3});
             }) ==
             "embed_at: an index of shape [1, 2] for a source of shape [2, 3]; expected one shape");
}

BOOST_AUTO_TEST_CASE(errors_of_scatter) {
  Tensor x = zeros({2, 3}), index = tensor({{0, 1}});
  auto text = [](auto f) { return error_text(f); };
  BOOST_TEST(text([&] { x.scatter(1, tensor({{5}}), 1); }) ==
             "scatter: index 5 in dimension 1 of shape [2, 3]; expected 0 to 2");
  BOOST_TEST(text([&] {
               x.scatter(1, index, ones({1, 2}, {.dtype = float64}));
             }) == "scatter: the source is float64; expected the tensor's float32");
  BOOST_TEST(text([&] {
               x.scatter(1, index, ones({1, 1}));
             }) ==
             "scatter: an index of shape [1, 2] for a source of shape [1, 1]; expected as many "
             "dimensions, and "
             "sizes within its own");
  BOOST_TEST(text([&] {
               x.scatter_add_(0, tensor({{2}}), ones({1, 1}));
             }) == "scatter_add: index 2 in dimension 0 of shape [2, 3]; expected 0 to 1");
  BOOST_TEST(text([&] {
               x.scatter_add(0, index, ones({1, 2}, {.dtype = float64}));
             }) == "scatter_add: the source is float64; expected the tensor's float32");
}

BOOST_AUTO_TEST_CASE(errors_of_index_select) {
  Tensor x = zeros({2, 3}), index = tensor({{0, 1}});
  auto text = [](auto f) { return error_text(f); };
  BOOST_TEST(text([&] {
               x.index_select(0, tensor({0, 2}));
             }) == "index_select: index 2 in dimension 0 of shape [2, 3]; expected 0 to 1");
  BOOST_TEST(text([&] { x.index_select(0, tensor({-1})); }) ==
             "index_select: index -1 in dimension 0 of shape [2, 3]; expected 0 to 1");
  BOOST_TEST(text([&] { x.index_select(0, index); }) ==
             "index_select: an index of shape [1, 2]; expected a vector");
  BOOST_TEST(text([&] {
               tensor(1.0).index_select(0, tensor({0, 0}));
             }) == "index_select: 2 indices for a 0-dim tensor; expected one");
}

BOOST_AUTO_TEST_SUITE_END()
