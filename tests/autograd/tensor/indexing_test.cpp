#include <boost/test/unit_test.hpp>

#include "autograd/graph/engine.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using taper::test::error_text;

static std::vector<double> values(const Tensor& t) {
  Tensor p = t.detach().to(float64).contiguous();
  return {p.data_ptr<double>(), p.data_ptr<double>() + p.numel()};
}
using List = std::vector<double>;

BOOST_AUTO_TEST_SUITE(indexing_test)

BOOST_AUTO_TEST_CASE(views) {
  Tensor x = arange(12).reshape({3, 4});
  BOOST_TEST(values(x.index({1})) == (List{4, 5, 6, 7}));
  BOOST_TEST(values(x.index({Slice(), 1})) == (List{1, 5, 9}));
  BOOST_TEST(values(x.index({Slice(None, None, 2), -1})) == (List{3, 11}));
  BOOST_TEST(values(x.index({"...", 0})) == (List{0, 4, 8}));
  BOOST_TEST(values(x.index({indexing::Ellipsis, Slice(2, 100)})) == (List{2, 3, 6, 7, 10, 11}));
  BOOST_TEST(x.index({None, 0, None}).sizes() == IntList({1, 1, 4}));
  BOOST_TEST(x.index({true}).sizes() == IntList({1, 3, 4}));
  BOOST_TEST(x.index({Slice(), false}).sizes() == IntList({3, 0, 4}));
  BOOST_TEST(x.index({tensor(2), 1}).item<int>() == 9);
  for (const Tensor& view :
       {x.index({1}), x.index({"..."}), x.index({true}), x.index({tensor(2)}), x.index({})})
    BOOST_TEST(view.is_alias_of(x));
}

BOOST_AUTO_TEST_CASE(masks_and_index_tensors) {
  Tensor x = arange(12).reshape({3, 4}), rows = tensor({2, 0, -1});
  BOOST_TEST(values(x[rows].select(1, 0)) == (List{8, 0, 8}));
  BOOST_TEST(values(x[x > 8]) == (List{9, 10, 11}));
  BOOST_TEST(values(x.index({rows, rows})) == (List{10, 0, 11}));
  BOOST_TEST(values(x.index({tensor({true, false, true}), tensor({1, 3})})) == (List{1, 11}));
  BOOST_TEST(values(x.index({rows.to(int32), 1})) == (List{9, 1, 9}));
  BOOST_TEST(x.index({rows.unsqueeze(1), tensor({0, 1})}).sizes() == IntList({3, 2}));
  BOOST_TEST(!x[rows].is_alias_of(x));
  Tensor cube = arange(24).reshape({2, 3, 4});
  BOOST_TEST(cube.index({tensor({0, 1}), Slice(), tensor({3, 3})}).sizes() == IntList({2, 3}));
  BOOST_TEST(values(cube.index({tensor({0, 1}), Slice(), tensor({3, 3})})) ==
             (List{3, 7, 11, 15, 19, 23}));
  BOOST_TEST(cube.index({Slice(), tensor({{0, 1}}), tensor({3})}).sizes() == IntList({2, 1, 2}));
  BOOST_TEST(cube.index({0, Slice(), tensor({1, 2, 1, 1, 1})}).sizes() == IntList({3, 5}));
  BOOST_TEST(values(cube.index({"...", tensor({{true, false, false, false},
                                               {false, false, false, false},
                                               {false, false, false, true}})})) ==
             (List{0, 11, 12, 23}));
}

BOOST_AUTO_TEST_CASE(writing_through_views) {
  Tensor x = zeros({3, 4});
  x[1] = 2;
  x.index({Slice(), 0}) = tensor({7.0, 8.0, 9.0});
  x.index({0, Slice(2)}) = ones(2);
  BOOST_TEST(values(x) == (List{7, 0, 1, 1, 8, 2, 2, 2, 9, 0, 0, 0}));
  Tensor y = x[0];
  y = ones(4);  // rebinds
  BOOST_TEST(x[0][1].item<float>() == 0);
}

BOOST_AUTO_TEST_CASE(index_put) {
  Tensor x = zeros({3, 4}), rows = tensor({0, 2});
  x.index_put_({rows}, tensor({1, 2, 3, 4}));
  BOOST_TEST(values(x) == (List{1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4}));
  x.index_put_({x > 2}, -1);
  BOOST_TEST(values(x) == (List{1, 2, -1, -1, 0, 0, 0, 0, 1, 2, -1, -1}));
  x.zero_().index_put_({tensor({1, 1, -2})}, ones({1, 1, 4}), true);
  BOOST_TEST(values(x[1]) == (List{3, 3, 3, 3}));
  x.zero_().index_put_({Slice(1), rows}, 5);
  BOOST_TEST(values(x) == (List{0, 0, 0, 0, 5, 0, 5, 0, 5, 0, 5, 0}));
  x.zero_().t().index_put_({rows, rows},
                           6);  // joined dimensions of a transposed tensor are no view
  BOOST_TEST(values(x.diagonal()) == (List{6, 0, 6}));
  Tensor cube = zeros({2, 3, 4});
  cube.index_put_({tensor({0, 1}), Slice(), tensor({3, 0})}, tensor({{1, 2, 3}, {4, 5, 6}}));
  BOOST_TEST(values(cube.index({0, Slice(), 3})) == (List{1, 2, 3}));
  BOOST_TEST(values(cube.index({1, Slice(), 0})) == (List{4, 5, 6}));
  BOOST_TEST(cube.sum().item<float>() == 21);
  x.zero_().index_put_({1}, 3);
  BOOST_TEST(x.sum().item<float>() == 12);
}

BOOST_AUTO_TEST_CASE(gradients_of_index_put) {
  TensorOptions leaf{.dtype = float64, .requires_grad = true};
  Tensor x = ones({2, 3}, leaf), v = ones({2, 2}, leaf),
         seen = arange(6.0, {.dtype = float64}).reshape({2, 3});
  Tensor y = x * 1;
  y.t().index_put_({tensor({0, 2})}, v);
  (y * seen).sum().backward();
  BOOST_TEST(values(x.grad()) == (List{0, 1, 0, 0, 4, 0}));
  BOOST_TEST(values(v.grad()) == (List{0, 3, 2, 5}));
}

BOOST_AUTO_TEST_CASE(errors) {
  Tensor x = zeros({3, 4}), rows = tensor({0, 2});
  auto text = [](auto f) { return error_text(f); };
  BOOST_TEST(text([&] {
               x.index({0, 0, 0});
             }) ==
             "index: indices for 3 dimensions of a tensor of shape [3, 4]; expected at most 2");
  BOOST_TEST(text([&] { x.index({3}); }) ==
             "select: index 3 in dimension 0 of shape [3, 4]; expected -3 to 2");
  BOOST_TEST(text([&] { x[0][0][0]; }) ==
             "select: a 0-dim tensor; expected at least one dimension");
  BOOST_TEST(text([&] { x.index({Slice(0, 2, 0)}); }) == "slice: step 0; expected 1 or more");
  BOOST_TEST(text([&] { x.index({"..", 0}); }) == "index: \"..\" as an index; expected \"...\"");
  BOOST_TEST(text([&] { x.index({"...", "..."}); }) == "index: two ellipses; expected at most one");
  BOOST_TEST(text([&] {
               x[tensor({0, 3})];
             }) == "index: index 3 in dimension 0 of size 3; expected -3 to 2");
  BOOST_TEST(text([&] {
               x.index({Slice(), tensor({-5})});
             }) == "index: index -5 in dimension 1 of size 4; expected -4 to 3");
  BOOST_CHECK_THROW(x[tensor({3})], IndexError);
  BOOST_TEST(text([&] { x[x[0]]; }) ==
             "index: an index tensor is float32; expected int64 or boolean");
  BOOST_TEST(text([&] { x[rows.to(uint8)]; }) ==
             "index: an index tensor is uint8; expected int64 or boolean");
  BOOST_TEST(text([&] { x[x[0] > 0]; }) ==
             "index: a mask of shape [4] for sizes [3] from dimension 0 on; expected the same");
  BOOST_TEST(text([&] {
               x.index({rows, tensor({0, 1, 2})});
             }) ==
             "index: shapes [2] and [3] do not broadcast; expected equal sizes or 1 in dimension "
             "-1, not 2 and 3");
  BOOST_TEST(text([&] { x.index_put_({rows}, zeros(3)); }) ==
             "index_put_: values of shape [3] do not fit into the indexed [2, 4]; expected a "
             "shape that broadcasts");
  BOOST_TEST(text([&] {
               x.index_put_({Slice()}, zeros({2, 3, 4}));
             }) ==
             "index_put_: values of shape [2, 3, 4] do not fit into the indexed [3, 4]; "
             "expected a shape that broadcasts");
  BOOST_TEST(text([&] { x.index_put_({tensor({3})}, 1); }) ==
             "index_put_: index 3 in dimension 0 of size 3; expected -3 to 2");
  Tensor leaf = zeros(3, {.requires_grad = true});
  BOOST_TEST(text([&] { leaf.index_put_({rows}, 1); }) ==
             "scatter_: cannot write to a leaf that requires grad; expected NoGradGuard or another "
             "tensor");
}

BOOST_AUTO_TEST_SUITE_END()
