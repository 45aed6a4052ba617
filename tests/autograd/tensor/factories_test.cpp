#include "autograd/tensor/factories.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/error.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using taper::test::error_text;
using taper::test::text;

BOOST_AUTO_TEST_SUITE(factories)

BOOST_AUTO_TEST_CASE(tensor_from_nested_lists) {
  BOOST_TEST(text(tensor({1, 2, 3})) == "[1, 2, 3] int64[3]");
  BOOST_TEST(text(tensor({1.0, 2.5})) == "[1.0, 2.5] float32[2]");
  BOOST_TEST(text(tensor({true, false})) == "[true, false] boolean[2]");
  BOOST_TEST(text(tensor({uint8_t(1), uint8_t(255)})) == "[1, 255] uint8[2]");
  BOOST_TEST(text(tensor({{1, 2}, {3, 4}})) == "[[1, 2], [3, 4]] int64[2, 2]");
  BOOST_TEST(text(tensor({{1, 2}})) == "[[1, 2]] int64[1, 2]");
  BOOST_TEST(text(tensor({{{1}}, {{2}}})) == "[[[1]], [[2]]] int64[2, 1, 1]");
  BOOST_TEST(text(tensor({1, 2.5})) == "[1.0, 2.5] float32[2]");
  BOOST_TEST(text(tensor({{1, 2}, {3.5, 4}})) == "[[1.0, 2.0], [3.5, 4.0]] float32[2, 2]");
}

BOOST_AUTO_TEST_CASE(tensor_from_a_number_is_0_dim) {
  BOOST_TEST(text(tensor(7)) == "7 int64[]");
  BOOST_TEST(text(tensor(2.5)) == "2.5 float32[]");
  BOOST_TEST(text(tensor(true)) == "true boolean[]");
}

BOOST_AUTO_TEST_CASE(tensor_from_vectors) {
  BOOST_TEST(text(tensor(std::vector<float>{1, 2})) == "[1.0, 2.0] float32[2]");
  BOOST_TEST(text(tensor(std::vector<int64_t>{1, 2})) == "[1, 2] int64[2]");
  BOOST_TEST(text(tensor(std::vector<bool>{true, false})) == "[true, false] boolean[2]");
  BOOST_TEST(text(tensor(std::vector<std::vector<int>>{{1, 2}, {3, 4}})) ==
             "[[1, 2], [3, 4]] int64[2, 2]");
}

BOOST_AUTO_TEST_CASE(tensor_of_nothing) {
  BOOST_TEST(text(tensor({})) == "[] float32[0]");
  BOOST_TEST(text(tensor(std::vector<double>())) == "[] float32[0]");
  BOOST_TEST(text(tensor({{}, {}})) == "[[], []] float32[2, 0]");
}

BOOST_AUTO_TEST_CASE(tensor_takes_a_type) {
  BOOST_TEST(text(tensor({1, 2}, {.dtype = float64})) == "[1.0, 2.0] float64[2]");
  BOOST_TEST(text(tensor({2.7, -2.7}, {.dtype = int64})) == "[2, -2] int64[2]");
  BOOST_TEST(text(tensor({300, -1}, {.dtype = uint8})) == "[44, 255] uint8[2]");
  BOOST_TEST(text(tensor({-1.0, 300.5}, {.dtype = uint8})) == "[255, 44] uint8[2]");
  BOOST_TEST(text(tensor({std::nan(""), 0.0}, {.dtype = boolean})) == "[true, false] boolean[2]");
  int64_t large = (int64_t(1) << 53) + 1;
  BOOST_TEST(text(tensor({large})) == "[9007199254740993] int64[1]");
}

BOOST_AUTO_TEST_CASE(ragged_lists_are_refused) {
  const char* expected = "tensor: the nested lists are ragged; expected shape [2, 2] throughout";
  BOOST_TEST(error_text([] { tensor({{1, 2}, {3}}); }) == expected);
  BOOST_TEST(error_text([] { tensor({{1, 2}, 3}); }) == expected);
  BOOST_TEST(error_text([] { tensor({{1, 2}, {3, {4}}}); }) == expected);
  BOOST_TEST(error_text([] {
               tensor({1, {2}});
             }) == "tensor: the nested lists are ragged; expected shape [2] throughout");
}

BOOST_AUTO_TEST_CASE(the_default_type) {
  BOOST_TEST(text(zeros({1})) == "[0.0] float32[1]");
  set_default_dtype(float64);
  BOOST_CHECK(get_default_dtype() == float64);
  std::string made = text(zeros({1})) + text(tensor({1.0})) + text(arange(1.0)) +
                     text(full({}, 0.5)) + text(scalar_tensor(3)) + text(linspace(0, 1, 2)) +
                     text(eye(1));
  std::string kept = text(tensor({1})) + text(arange(1)) + text(full({}, 2));
  BOOST_CHECK(rand({1}).dtype() == float64);
  BOOST_CHECK(randn({1}).dtype() == float64);
  set_default_dtype(float32);
  BOOST_TEST(made ==
             "[0.0] float64[1][1.0] float64[1][0.0] float64[1]0.5 float64[]3.0 float64[]"
             "[0.0, 1.0] float64[2][[1.0]] float64[1, 1]");
  BOOST_TEST(kept == "[1] int64[1][0] int64[1]2 int64[]");
  BOOST_TEST(error_text([] { set_default_dtype(int64); }) ==
             "set_default_dtype: int64 is no floating type; expected float32 or float64");
}

BOOST_AUTO_TEST_CASE(shapes_of_factories) {
  BOOST_TEST(text(zeros({})) == "0.0 float32[]");
  BOOST_TEST(text(ones(3)) == "[1.0, 1.0, 1.0] float32[3]");
  BOOST_TEST(text(zeros({2, 0})) == "[[], []] float32[2, 0]");
  BOOST_TEST(text(ones(std::vector<int64_t>{1, 2}, {.dtype = int32})) == "[[1, 1]] int32[1, 2]");
  BOOST_TEST(empty(4, {.dtype = kByte}).sizes() == IntList({4}));
}

BOOST_AUTO_TEST_CASE(shapes_that_cannot_be) {
  BOOST_TEST(error_text([] {
               zeros({2, -1});
             }) == "zeros: shape [2, -1] has a negative size; expected 0 or more");
  BOOST_TEST(error_text([] { ones(-1); }) ==
             "ones: shape [-1] has a negative size; expected 0 or more");
  BOOST_TEST(error_text([] { empty(-1); }) ==
             "empty: shape [-1] has a negative size; expected 0 or more");
  BOOST_TEST(error_text([] { full(-1, 2); }) ==
             "full: shape [-1] has a negative size; expected 0 or more");
  BOOST_TEST(error_text([] { rand(-1); }) ==
             "rand: shape [-1] has a negative size; expected 0 or more");
  BOOST_TEST(error_text([] { randn(-1); }) ==
             "randn: shape [-1] has a negative size; expected 0 or more");
  BOOST_TEST(error_text([] { randint(3, -1); }) ==
             "randint: shape [-1] has a negative size; expected 0 or more");
  BOOST_TEST(error_text([] { eye(2, -3); }) ==
             "eye: shape [2, -3] has a negative size; expected 0 or more");
  int64_t huge = int64_t(1) << 40;
  BOOST_TEST(
      error_text([&] {
        zeros({huge, huge});
      }) ==
      "zeros: shape [1099511627776, 1099511627776] is too large; expected fewer than 2^63 bytes");
  BOOST_TEST(error_text([&] {
               zeros({huge, 1 << 19}, {.dtype = float64});
             }) ==
             "memory: cannot allocate 4611686018427387904 bytes; expected as much free memory");
  BOOST_TEST(error_text([] {
               zeros({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
             }) == "shape: 13 dimensions; expected at most 12");
}

BOOST_AUTO_TEST_CASE(full_takes_the_type_of_the_value) {
  BOOST_TEST(text(full({2}, 2)) == "[2, 2] int64[2]");
  BOOST_TEST(text(full({2}, true)) == "[true, true] boolean[2]");
  BOOST_TEST(text(full({2}, 2.5)) == "[2.5, 2.5] float32[2]");
  BOOST_TEST(text(full({2}, 2, {.dtype = float64})) == "[2.0, 2.0] float64[2]");
  BOOST_TEST(text(full({1}, 2.7, {.dtype = int32})) == "[2] int32[1]");
  BOOST_TEST(text(fill({2}, 1.5)) == "[1.5, 1.5] float32[2]");
  BOOST_TEST(text(scalar_tensor(3)) == "3.0 float32[]");
}

BOOST_AUTO_TEST_CASE(values_that_do_not_fit) {
  BOOST_TEST(error_text([] { full({2}, 300, {.dtype = uint8}); }) ==
             "full: the value 300 does not fit into uint8; expected 0 to 255");
  BOOST_TEST(error_text([] { full({2}, -1, {.dtype = uint8}); }) ==
             "full: the value -1 does not fit into uint8; expected 0 to 255");
  BOOST_TEST(
      error_text([] { full({2}, 3e9, {.dtype = int32}); }) ==
      "full: the value 3000000000 does not fit into int32; expected -2147483648 to 2147483647");
  BOOST_TEST(error_text([] { full({2}, std::nan(""), {.dtype = int64}); }) ==
             "full: the value nan does not fit into int64; expected -9223372036854775808 to "
             "9223372036854775807");
  BOOST_TEST(
      error_text([] { full({2}, 1e300, {.dtype = float32}); }) ==
      "full: the value 1e+300 does not fit into float32; expected -3.4028235e+38 to 3.4028235e+38");
  BOOST_TEST(text(full({}, -INFINITY)) == "-inf float32[]");
  BOOST_TEST(text(full({}, 255.5, {.dtype = uint8})) == "255 uint8[]");
  BOOST_TEST(error_text([] { zeros({2}, {.dtype = uint8}).fill_(256); }) ==
             "fill_: the value 256 does not fit into uint8; expected 0 to 255");
}

BOOST_AUTO_TEST_CASE(arange_counts_up_to_the_end) {
  BOOST_TEST(text(arange(3)) == "[0, 1, 2] int64[3]");
  BOOST_TEST(text(arange(3.0)) == "[0.0, 1.0, 2.0] float32[3]");
  BOOST_TEST(text(arange(1, 4)) == "[1, 2, 3] int64[3]");
  BOOST_TEST(text(arange(5, 0, -2)) == "[5, 3, 1] int64[3]");
  BOOST_TEST(text(arange(0, 1, 0.25)) == "[0.00, 0.25, 0.50, 0.75] float32[4]");
  BOOST_TEST(text(arange(0, 5, 2, {.dtype = float64})) == "[0.0, 2.0, 4.0] float64[3]");
  BOOST_TEST(text(arange(0)) == "[] int64[0]");
  BOOST_TEST(text(arange(2, 2)) == "[] int64[0]");
}

BOOST_AUTO_TEST_CASE(arange_is_exact_for_large_integers) {
  int64_t large = int64_t(1) << 60, most = std::numeric_limits<int64_t>::max();
  BOOST_TEST(text(arange(large, large + 3)) ==
             "[1152921504606846976, 1152921504606846977, 1152921504606846978] int64[3]");
  BOOST_TEST(text(arange(-most, most, most)) == "[-9223372036854775807, 0] int64[2]");
  BOOST_TEST(text(arange(most, -most, -most)) == "[9223372036854775807, 0] int64[2]");
}

BOOST_AUTO_TEST_CASE(arange_that_does_not_lead_there) {
  BOOST_TEST(error_text([] { arange(1, 5, -1); }) ==
             "arange: from 1 to 5 with step -1; expected a step that leads there");
  BOOST_TEST(error_text([] { arange(-3); }) ==
             "arange: from 0 to -3 with step 1; expected a step that leads there");
  BOOST_TEST(error_text([] { arange(0, 5, 0); }) ==
             "arange: from 0 to 5 with step 0; expected a step that leads there");
  BOOST_TEST(error_text([] { arange(INFINITY); }) ==
             "arange: from 0 to inf with step 1; expected a step that leads there");
  BOOST_TEST(error_text([] { arange(0, std::nan("")); }) ==
             "arange: from 0 to nan with step 1; expected a step that leads there");
}

BOOST_AUTO_TEST_CASE(linspace_has_both_ends) {
  BOOST_TEST(text(linspace(0, 1, 5)) == "[0.00, 0.25, 0.50, 0.75, 1.00] float32[5]");
  BOOST_TEST(text(linspace(1, -1, 3, {.dtype = float64})) == "[1.0, 0.0, -1.0] float64[3]");
  BOOST_TEST(text(linspace(3, 9, 1)) == "[3.0] float32[1]");
  BOOST_TEST(text(linspace(3, 9, 0)) == "[] float32[0]");
  BOOST_TEST(linspace(0, 0.1, 1000).data_ptr<float>()[999] == 0.1f);
  BOOST_TEST(error_text([] { linspace(0, 1, -1); }) == "linspace: -1 steps; expected 0 or more");
}

BOOST_AUTO_TEST_CASE(eye_has_ones_on_the_diagonal) {
  BOOST_TEST(text(eye(2)) == "[[1.0, 0.0], [0.0, 1.0]] float32[2, 2]");
  BOOST_TEST(text(eye(2, 3, {.dtype = int64})) == "[[1, 0, 0], [0, 1, 0]] int64[2, 3]");
  BOOST_TEST(text(eye(0)) == "[] float32[0, 0]");
}

BOOST_AUTO_TEST_CASE(one_hot_of_labels) {
  BOOST_TEST(text(one_hot(tensor({0, 2}))) == "[[1, 0, 0], [0, 0, 1]] int64[2, 3]");
  BOOST_TEST(text(one_hot(tensor({{1}, {0}}), 2)) == "[[[0, 1]], [[1, 0]]] int64[2, 1, 2]");
  BOOST_TEST(text(one_hot(tensor(1), 3)) == "[0, 1, 0] int64[3]");
  BOOST_TEST(text(one_hot(zeros({0}, {.dtype = int64}), 3)) == "[] int64[0, 3]");
  BOOST_TEST(error_text([] { one_hot(tensor({1.0})); }) ==
             "one_hot: labels are float32; expected int64");
  BOOST_TEST(error_text([] { one_hot(zeros({0}, {.dtype = int64})); }) ==
             "one_hot: no labels and no number of classes; expected one of them");
  BOOST_TEST(error_text([] {
               one_hot(tensor({0, 3}), 3);
             }) == "one_hot: label 3 is out of range; expected 0 to 2");
  BOOST_TEST(error_text([] {
               one_hot(tensor({-1, 2}));
             }) == "one_hot: label -1 is out of range; expected 0 to 2");
}

BOOST_AUTO_TEST_CASE(random_numbers_are_pytorchs) {
  manual_seed(0);
  BOOST_TEST(fmt::format("{:lv.4f}", rand({4})) == "[0.4963, 0.7682, 0.0885, 0.1320]");
  manual_seed(0);
  BOOST_TEST(fmt::format("{:lv.3f}", randn({4})) == "[1.541, -0.293, -2.179, 0.568]");
  manual_seed(0);
  BOOST_TEST(text(randperm(5)) == "[4, 0, 1, 3, 2] int64[5]");
  manual_seed(0);
  BOOST_TEST(text(randint(100, {4})) == "[44, 39, 33, 60] int64[4]");
}

BOOST_AUTO_TEST_CASE(random_types_and_ranges) {
  BOOST_CHECK(randint(0, 5, {3}, {.dtype = float32}).dtype() == float32);
  BOOST_CHECK(randperm(3, {.dtype = float64}).dtype() == float64);
  Tensor x = randint(-2, 3, {1000});
  for (double v : taper::test::values(x)) BOOST_REQUIRE((v >= -2 && v < 3));
  BOOST_TEST(text(randperm(0)) == "[] int64[0]");
  BOOST_TEST(error_text([] { randperm(-1); }) == "randperm: n is -1; expected 0 or more");
  BOOST_TEST(error_text([] { randint(3, 3, {2}); }) ==
             "random_: low 3 and high 3; expected low < high");
  BOOST_TEST(error_text([] { randint(0, 300, {2}, {.dtype = uint8}); }) ==
             "random_: numbers from 0 to 299; expected those that uint8 holds");
  BOOST_TEST(error_text([] { rand({2}, {.dtype = int64}); }) ==
             "uniform_: the tensor is int64; expected a floating type");
}

BOOST_AUTO_TEST_CASE(like_another) {
  Tensor x = tensor({{1.5, 2.5}}, {.dtype = float64});
  BOOST_TEST(text(zeros_like(x)) == "[[0.0, 0.0]] float64[1, 2]");
  BOOST_TEST(text(ones_like(x, {.dtype = int32})) == "[[1, 1]] int32[1, 2]");
  BOOST_TEST(text(full_like(tensor({1, 2}), 2.7)) == "[2, 2] int64[2]");
  BOOST_TEST(empty_like(x).sizes() == x.sizes());
  BOOST_CHECK(rand_like(x).dtype() == float64);
  BOOST_CHECK(randn_like(x).dtype() == float64);
  BOOST_TEST(zeros_like(ones({2, 3}).t()).is_contiguous());
}

BOOST_AUTO_TEST_CASE(requires_grad_is_honoured_without_grad_mode) {
  NoGradGuard no_grad;
  TensorOptions with_grad{.requires_grad = true};
  for (const Tensor& x :
       {ones({2}, with_grad), tensor({1.0}, with_grad), rand({2}, with_grad),
        arange(3.0, with_grad), eye(2, with_grad), linspace(0, 1, 2, with_grad)}) {
    BOOST_TEST(x.requires_grad());
    BOOST_TEST(x.is_leaf());
  }
  BOOST_TEST(error_text([&] {
               tensor({1, 2}, with_grad);
             }) == "requires_grad_: the tensor is int64; expected a floating type");
}

BOOST_AUTO_TEST_CASE(from_blob_borrows_memory) {
  float memory[] = {1, 2, 3, 4, 5, 6};
  Tensor x = from_blob(memory, {2, 3});
  BOOST_TEST(text(x) == "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] float32[2, 3]");
  x.mul_(2);
  BOOST_TEST(memory[5] == 12);
  Tensor columns = from_blob(memory, {3, 2}, {1, 3});
  BOOST_TEST(text(columns) == "[[2.0, 8.0], [4.0, 10.0], [6.0, 12.0]] float32[3, 2]");
  BOOST_TEST(!columns.is_contiguous());
  int64_t integers[] = {1, 2};
  BOOST_TEST(text(from_blob(integers, {2}, {.dtype = kLong})) == "[1, 2] int64[2]");
}

BOOST_AUTO_TEST_CASE(from_blob_tells_when_it_is_done) {
  float memory[2] = {1, 2};
  int done = 0;
  {
    Tensor view = from_blob(memory, {2}, [&] { ++done; })[1];
    BOOST_TEST(done == 0);
  }
  BOOST_TEST(done == 1);
  from_blob(memory, {2}, [&](void* p) { done += p == memory ? 10 : 0; });
  BOOST_TEST(done == 11);
  from_blob(memory, {1, 2}, {1, 1}, [&](void*) { done += 100; });
  BOOST_TEST(done == 111);
  Tensor x = from_blob(memory, {1}, {2}, [&] { done += 1000; }, {.dtype = float64});
  BOOST_TEST(done == 111);
  x = Tensor();
  BOOST_TEST(done == 1111);
}

BOOST_AUTO_TEST_CASE(from_blob_refuses) {
  float memory[4] = {};
  BOOST_TEST(error_text([&] {
               from_blob(memory, {2, 2}, {1});
             }) == "from_blob: 1 strides for 2 sizes; expected as many");
  BOOST_TEST(error_text([&] {
               from_blob(memory, {2, 2}, {2, -1});
             }) == "from_blob: strides [2, -1] hold a negative one; expected 0 or more");
  BOOST_TEST(error_text([&] {
               from_blob(memory, {2, 3}, {INT64_MAX, 1});
             }) ==
             "from_blob: sizes [2, 3] with strides [9223372036854775807, 1] are too large; "
             "expected fewer than 2^63 elements");
  BOOST_TEST(error_text([&] { from_blob(memory, {-2}); }) ==
             "from_blob: shape [-2] has a negative size; expected 0 or more");
}

BOOST_AUTO_TEST_CASE(factories_in_inference_mode) {
  InferenceMode inference;
  float memory[1] = {};
  BOOST_TEST(ones({1}).is_inference());
  BOOST_TEST(tensor({1.0}).is_inference());
  BOOST_TEST(from_blob(memory, {1}).is_inference());
}

BOOST_AUTO_TEST_SUITE_END()
