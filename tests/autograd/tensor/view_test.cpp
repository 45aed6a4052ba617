// What views are: shared memory, the shapes they accept, the texts with which they refuse.

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using taper::test::error_text;
using taper::test::text;

static Tensor numbers(IntList sizes) { return arange(numel(sizes)).reshape(sizes); }

BOOST_AUTO_TEST_SUITE(views)

BOOST_AUTO_TEST_CASE(views_share_memory) {
  Tensor x = zeros({2, 3, 4});
  for (const Tensor& y : {x.view({6, 4}),
                          x.reshape({-1}),
                          x.flatten(),
                          x.flatten(1),
                          x.slice(0, 1, 2),
                          x.narrow(1, 0, 2),
                          x.select(2, 1),
                          x[0],
                          x.index({Slice(), 1}),
                          x.index({"...", None}),
                          x.expand({2, 3, 4}),
                          x.unsqueeze(0),
                          x.squeeze(),
                          x.squeeze(1),
                          x.transpose(0, 1),
                          x.permute({2, 0, 1}),
                          x[0].t(),
                          x.unfold(2, 2, 1),
                          x.diagonal(),
                          x.detach(),
                          x.as_strided({2}, {1})}) {
    BOOST_TEST(y.is_alias_of(x));
    BOOST_TEST(!y.is_same(x));
  }
}

BOOST_AUTO_TEST_CASE(these_copy) {
  Tensor x = zeros({2, 3});
  for (const Tensor& y : {x.clone(), x.t().contiguous(), x.t().reshape({-1}), x.t().flatten(),
                          x.index({tensor({0, 1})}), x.index({x == 0})})
    BOOST_TEST(!y.is_alias_of(x));
}

BOOST_AUTO_TEST_CASE(these_are_the_tensor_itself) {
  Tensor x = zeros({2, 3});
  BOOST_TEST(x.contiguous().is_same(x));
  BOOST_TEST(x.to(float32).is_same(x));
  BOOST_TEST(x.type_as(x).is_same(x));
}

BOOST_AUTO_TEST_CASE(writes_through_views) {
  Tensor x = zeros({2, 3});
  x.t()[1].fill_(5);
  x.view({-1}).slice(0, 0, 6, 5).add_(1);
  x.diagonal().mul_(2);
  BOOST_TEST(text(x) == "[[2.0, 5.0, 0.0], [0.0, 10.0, 1.0]] float32[2, 3]");
}

BOOST_AUTO_TEST_CASE(view_of_another_shape) {
  Tensor x = numbers({2, 3, 4});
  BOOST_TEST(x.view({-1, 4}).sizes() == IntList({6, 4}));
  BOOST_TEST(x.view({2, 3, 2, 2}).sizes() == IntList({2, 3, 2, 2}));
  BOOST_TEST(text(tensor({7}).view({})) == "7 int64[]");
  BOOST_TEST(zeros({0, 3}).view({3, 0}).sizes() == IntList({3, 0}));
  Tensor t = x.transpose(1, 2);  // strides 12, 1, 4
  BOOST_TEST(t.view({2, 2, 2, 3}).sizes() == IntList({2, 2, 2, 3}));
  BOOST_TEST(t.reshape({2, -1}).sizes() == IntList({2, 12}));
  BOOST_TEST(error_text([&] {
               t.view({2, 12});
             }) ==
             "view: shape [2, 12] does not fit sizes [2, 4, 3] and strides [12, 1, 4] without a "
             "copy; expected "
             "reshape()");
}

BOOST_AUTO_TEST_CASE(view_refuses) {
  Tensor x = zeros({2, 3});
  BOOST_TEST(error_text([&] { x.view({4}); }) ==
             "view: shape [4] for the 6 elements of [2, 3]; expected as many");
  BOOST_TEST(error_text([&] {
               x.view({4, -1});
             }) == "view: shape [4, -1] for the 6 elements of [2, 3]; expected as many");
  BOOST_TEST(error_text([&] {
               x.view({-1, -1});
             }) == "view: shape [-1, -1]; expected sizes of 0 and more, and at most one -1");
  BOOST_TEST(error_text([&] {
               x.view({-2, 3});
             }) == "view: shape [-2, 3]; expected sizes of 0 and more, and at most one -1");
  BOOST_TEST(error_text([&] { x.reshape({5}); }) ==
             "reshape: shape [5] for the 6 elements of [2, 3]; expected as many");
  BOOST_TEST(error_text([] {
               zeros({0}).view({-1, 0});
             }) ==
             "view: shape [-1, 0] leaves -1 open beside a size of 0; expected it written out");
}

BOOST_AUTO_TEST_CASE(expand_repeats) {
  Tensor x = tensor({{1}, {2}});
  BOOST_TEST(text(x.expand({2, 3})) == "[[1, 1, 1], [2, 2, 2]] int64[2, 3]");
  BOOST_TEST(x.expand({2, 3}).strides() == IntList({1, 0}));
  BOOST_TEST(x.expand({4, -1, 2}).sizes() == IntList({4, 2, 2}));
  BOOST_TEST(tensor(3).expand({2}).sizes() == IntList(2));
  BOOST_TEST(x.expand({2, 0}).sizes() == IntList({2, 0}));
  BOOST_TEST(x.expand_as(zeros({2, 5})).sizes() == IntList({2, 5}));
  BOOST_TEST(
      error_text([&] {
        x.expand({3, 3});
      }) ==
      "expand: shape [2, 1] does not expand to [3, 3]; expected sizes of 1 where they differ");
  BOOST_TEST(error_text([&] { x.expand({2}); }) ==
             "expand: shape [2, 1] does not expand to [2]; expected sizes of 1 where they differ");
  BOOST_TEST(
      error_text([&] {
        x.expand({-1, 2, 1});
      }) ==
      "expand: shape [2, 1] does not expand to [-1, 2, 1]; expected sizes of 1 where they differ");
  BOOST_TEST(
      error_text([&] {
        x.expand({2, 3}).fill_(1);
      }) ==
      "fill_: cannot write to an expanded tensor of shape [2, 3], several elements share memory; "
      "expected a clone() of it");
}

BOOST_AUTO_TEST_CASE(transposes) {
  Tensor x = numbers({2, 3});
  BOOST_TEST(text(x.t()) == "[[0, 3], [1, 4], [2, 5]] int64[3, 2]");
  BOOST_TEST(text(tensor({1, 2}).t()) == "[1, 2] int64[2]");
  BOOST_TEST(text(tensor(1).t()) == "1 int64[]");
  BOOST_TEST(x.transpose(0, -1).sizes() == IntList({3, 2}));
  BOOST_TEST(numbers({2, 3, 4}).permute({-1, 0, 1}).sizes() == IntList({4, 2, 3}));
  BOOST_TEST(error_text([] {
               zeros({1, 2, 3}).t();
             }) == "t: a tensor of shape [1, 2, 3]; expected at most 2 dimensions");
  BOOST_TEST(error_text([&] { x.transpose(0, 2); }) ==
             "transpose: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(
      error_text([&] {
        x.permute({0, 0});
      }) == "permute: dimensions [0, 0] for a tensor of shape [2, 3]; expected each of its 2 once");
  BOOST_TEST(error_text([&] { x.permute({0}); }) ==
             "permute: dimensions [0] for a tensor of shape [2, 3]; expected each of its 2 once");
}

BOOST_AUTO_TEST_CASE(squeezes) {
  Tensor x = zeros({1, 2, 1});
  BOOST_TEST(x.squeeze().sizes() == IntList(2));
  BOOST_TEST(x.squeeze(0).sizes() == IntList({2, 1}));
  BOOST_TEST(x.squeeze(1).sizes() == IntList({1, 2, 1}));
  BOOST_TEST(zeros({}).squeeze(0).dim() == 0);
  BOOST_TEST(x.unsqueeze(-1).sizes() == IntList({1, 2, 1, 1}));
  BOOST_TEST(zeros({}).unsqueeze(0).sizes() == IntList(1));
  BOOST_TEST(zeros({4, 1, 6}).slice(2, 0, 6, 2).squeeze(1).strides() == IntList({6, 2}));
  BOOST_TEST(error_text([&] { x.unsqueeze(5); }) ==
             "unsqueeze: dimension 5 is out of range; expected -4 to 3");
  BOOST_TEST(error_text([&] { x.squeeze(3); }) ==
             "squeeze: dimension 3 is out of range; expected -3 to 2");
}

BOOST_AUTO_TEST_CASE(shapes_of_too_many_elements) {
  const int64_t half = int64_t(1) << 32;
  const std::string text = " is too large; expected fewer than 2^63 elements";
  BOOST_TEST(error_text([&] {
               empty({0}).view({half, half});
             }) == "view: shape [4294967296, 4294967296]" + text);
  BOOST_TEST(error_text([&] {
               ones({1, 1}).expand({half, half});
             }) == "expand: shape [4294967296, 4294967296]" + text);
  BOOST_TEST(error_text([&] {
               numel({half, half});
             }) == "shape: shape [4294967296, 4294967296]" + text);
  BOOST_TEST(ones({1}).expand({half}).numel() == half);
}

BOOST_AUTO_TEST_CASE(slices_clamp) {
  Tensor x = arange(5);
  BOOST_TEST(text(x.slice(0, 1, 4)) == "[1, 2, 3] int64[3]");
  BOOST_TEST(text(x.slice(0, -2, 100)) == "[3, 4] int64[2]");
  BOOST_TEST(text(x.slice(0, -100, 2)) == "[0, 1] int64[2]");
  BOOST_TEST(text(x.slice(0, 4, 1)) == "[] int64[0]");
  BOOST_TEST(text(x.slice(0, 0, 5, 2)) == "[0, 2, 4] int64[3]");
  BOOST_TEST(text(x.slice(0, 0, 5, INT64_MAX)) == "[0] int64[1]");
  BOOST_TEST(text(x.slice(0, 5, 5, 3)) == "[] int64[0]");
  BOOST_TEST(error_text([&] { x.slice(0, 0, 5, 0); }) == "slice: step 0; expected 1 or more");
  BOOST_TEST(error_text([&] { x.slice(0, 0, 5, -1); }) == "slice: step -1; expected 1 or more");
  BOOST_TEST(error_text([] { zeros({}).slice(0, 0, 1); }) ==
             "slice: a 0-dim tensor; expected at least one dimension");
}

BOOST_AUTO_TEST_CASE(selects) {
  Tensor x = numbers({2, 3});
  BOOST_TEST(text(x[-1]) == "[3, 4, 5] int64[3]");
  BOOST_TEST(text(x.select(1, 0)) == "[0, 3] int64[2]");
  BOOST_TEST(text(x[1][2]) == "5 int64[]");
  BOOST_TEST(error_text([&] { x[2]; }) ==
             "select: index 2 in dimension 0 of shape [2, 3]; expected -2 to 1");
  BOOST_TEST(error_text([&] { x.select(1, -4); }) ==
             "select: index -4 in dimension 1 of shape [2, 3]; expected -3 to 2");
  BOOST_TEST(error_text([] { tensor(1)[0]; }) ==
             "select: a 0-dim tensor; expected at least one dimension");
  BOOST_CHECK_THROW(x[2], IndexError);
}

BOOST_AUTO_TEST_CASE(narrows) {
  Tensor x = arange(5);
  BOOST_TEST(text(x.narrow(0, 1, 3)) == "[1, 2, 3] int64[3]");
  BOOST_TEST(text(x.narrow(0, -2, 2)) == "[3, 4] int64[2]");
  BOOST_TEST(text(x.narrow(0, 5, 0)) == "[] int64[0]");
  BOOST_TEST(error_text([&] { x.narrow(0, 3, 3); }) ==
             "narrow: start 3 and length 3 in dimension 0 of shape [5]; expected to stay inside");
  BOOST_TEST(error_text([&] { x.narrow(0, 0, -1); }) ==
             "narrow: start 0 and length -1 in dimension 0 of shape [5]; expected to stay inside");
  BOOST_TEST(error_text([] { zeros({}).narrow(0, 0, 1); }) ==
             "narrow: a 0-dim tensor; expected at least one dimension");
}

BOOST_AUTO_TEST_CASE(flattens) {
  BOOST_TEST(zeros({2, 3, 4}).flatten(1).sizes() == IntList({2, 12}));
  BOOST_TEST(zeros({2, 3, 4}).flatten(0, 1).sizes() == IntList({6, 4}));
  BOOST_TEST(zeros({}).flatten().sizes() == IntList(1));
  BOOST_TEST(error_text([] {
               zeros({2, 3}).flatten(1, 0);
             }) == "flatten: start_dim 1, end_dim 0; expected start_dim <= end_dim");
}

BOOST_AUTO_TEST_CASE(windows) {
  Tensor x = arange(5);
  BOOST_TEST(text(x.unfold(0, 3, 2)) == "[[0, 1, 2], [2, 3, 4]] int64[2, 3]");
  BOOST_TEST(text(x.unfold(0, 0, 1)) == "[[], [], [], [], [], []] int64[6, 0]");
  BOOST_TEST(error_text([&] { x.unfold(0, 6, 1); }) ==
             "unfold: windows of 6 with step 1 in a dimension of 5; expected at most its size, and "
             "a step of "
             "1 or more");
  BOOST_TEST(error_text([&] { x.unfold(0, 2, 0); }) ==
             "unfold: windows of 2 with step 0 in a dimension of 5; expected at most its size, and "
             "a step of "
             "1 or more");
}

BOOST_AUTO_TEST_CASE(diagonals) {
  Tensor x = numbers({3, 4});
  BOOST_TEST(text(x.diagonal()) == "[0, 5, 10] int64[3]");
  BOOST_TEST(text(x.diagonal(2)) == "[2, 7] int64[2]");
  BOOST_TEST(text(x.diagonal(-2)) == "[8] int64[1]");
  BOOST_TEST(text(x.diagonal(9)) == "[] int64[0]");
  BOOST_TEST(error_text([&] { x.diagonal(0, 0, -2); }) ==
             "diagonal: dim1 0 and dim2 -2; expected different dimensions");
}

BOOST_AUTO_TEST_CASE(strided_places) {
  Tensor x = arange(12);
  BOOST_TEST(text(x.as_strided({2, 2}, {6, 1}, 1)) == "[[1, 2], [7, 8]] int64[2, 2]");
  BOOST_TEST(error_text([&] {
               x.as_strided({2}, {6, 1});
             }) == "as_strided: 1 sizes and 2 strides; expected one stride for each size");
  BOOST_TEST(error_text([&] {
               x.as_strided({2, 2}, {11, 1});
             }) ==
             "as_strided: sizes [2, 2], strides [11, 1], offset 0 reach element 12 of a storage; "
             "expected places below 12");
  BOOST_TEST(error_text([&] { x.as_strided({2}, {-1}, 3); }) ==
             "as_strided: sizes [2] and strides [-1]; expected no negative ones");
  BOOST_TEST(error_text([&] { x.as_strided({2}, {1}, -1); }) ==
             "as_strided: storage_offset -1; expected 0 or more");
}

BOOST_AUTO_TEST_CASE(strided_places_count_from_the_storage) {
  Tensor x = numbers({3, 4});
  BOOST_TEST(text(x.t().as_strided({2, 2}, {4, 1}, 1)) == "[[1, 2], [5, 6]] int64[2, 2]");
  BOOST_TEST(text(x[1].as_strided({2}, {1}, 0)) == "[0, 1] int64[2]");
  BOOST_TEST(text(x[1].as_strided({2}, {1})) == "[4, 5] int64[2]");
  BOOST_TEST(text(x[1].as_strided({2}, {4}, 7)) == "[7, 11] int64[2]");
}

BOOST_AUTO_TEST_CASE(strided_places_outside_the_tensor_have_no_gradient) {
  Tensor x = zeros({8}).narrow(0, 2, 3).requires_grad_();
  x.as_strided({3}, {2}, 1).sum().backward();  // elements 1, 3 and 5 of the memory
  BOOST_TEST(text(x.grad()) == "[0.0, 1.0, 0.0] float32[3]");
}

BOOST_AUTO_TEST_CASE(put_strided_takes_one_type) {
  BOOST_TEST(error_text([&] { zeros({4}).put_strided(ones({4}, {.dtype = float64}), {1}); }) ==
             "put_strided: values are float64, the tensor float32; expected one type");
  BOOST_TEST(error_text([&] { zeros({4}).put_strided(ones({5}), {1}); }) ==
             "put_strided: sizes [5], strides [1], offset 0 reach element 4 of a tensor; "
             "expected places below 4");
}

BOOST_AUTO_TEST_CASE(huge_steps) {
  int64_t most = std::numeric_limits<int64_t>::max();
  Tensor x = numbers({3, 4});
  BOOST_TEST(text(x.slice(0, 1, most, most)) == "[[4, 5, 6, 7]] int64[1, 4]");
  BOOST_TEST(x.unfold(1, 2, most).sizes() == IntList({3, 1, 2}));
}

BOOST_AUTO_TEST_SUITE_END()
