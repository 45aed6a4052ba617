#include "autograd/ops/registry.h"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"
#include "tests/support/compare.h"
#include "tests/support/op_check.h"
#include "tests/support/op_reference.h"
#include "tests/support/wrong_inputs.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(registry_test)

BOOST_AUTO_TEST_CASE(every_op_passes_every_check) {
  for (const OpEntry& op : registry()) {
    OpResult result = check_op(op);
    BOOST_TEST(result.total() > 0);
    for (const std::string& failure : result.failures) BOOST_ERROR(failure);
  }
}

/// An op of nothing but a sample.
static OpResult checked(Sample sample) {
  static constexpr OpInfo info{.name = "add", .formula = "y = 2 x", .doc = "Twice"};
  static std::vector<Sample> samples;
  samples = {std::move(sample)};
  return check_op({.id = "Twice",
                   .function = "twice",
                   .family = "test",
                   .info = &info,
                   .type = nullptr,
                   .samples = [] { return samples; }});
}

static std::string first_failure(Sample sample) {
  OpResult result = checked(std::move(sample));
  return result.failures.empty() ? "" : result.failures[0];
}

BOOST_AUTO_TEST_CASE(faults_are_seen) {
  using L = const tensor_list&;
  Sample::Function twice = [](L x) { return tensor_list{x[0] + x[0]}; };
  Sample::Function slow = [](L x) {
    return tensor_list{ops::tabulate(x[0].sizes(), float64,
                                     [&](auto& i) { return 2 * ops::element_at(x[0], i); })};
  };
  std::vector<SampleInput> matrix{{{2, 2}, 1, 2}};
  BOOST_TEST(first_failure({matrix, "", twice, slow}) == "");
  BOOST_TEST(first_failure({matrix, "", twice}) == "Twice [] value: no reference");
  BOOST_TEST(first_failure({matrix, "", [](L x) { return tensor_list{x[0] + x[0] * 1.5}; }, slow})
                 .starts_with("Twice [] value: tensor 0: "));
  BOOST_TEST(first_failure({matrix, "", [](L) { return tensor_list{Tensor()}; },
                            [](L x) { return tensor_list{zeros_like(x[0])}; }}) ==
             "Twice [] value: tensor 0: undefined");
  auto only_with_elements = [=](L x) { return x[0].numel() ? twice(x) : tensor_list{x[0]}; };
  auto wrong_shape = [=](L x) { return x[0].numel() ? twice(x) : tensor_list{x[0].flatten()}; };
  BOOST_TEST(first_failure({matrix, "", only_with_elements, slow}) == "");
  BOOST_TEST(first_failure({matrix, "", wrong_shape, slow}) ==
             "Twice [, all first size 0] empty: tensor 0: shape [0], expected [0, 2]");
}

BOOST_AUTO_TEST_CASE(texts_of_errors_have_a_form) {
  BOOST_TEST(malformed("add: shapes [2] and [3]; expected equal ones") == "");
  BOOST_TEST(malformed("conv2d: input has 3 channels, weight [8, 1, 3, 3] expects 1") == "");
  BOOST_TEST(malformed("added: a; expected b") == "the error \"added: a; expected b\" names no op");
  BOOST_TEST(malformed("a text") == "the error \"a text\" names no op");
  BOOST_TEST(malformed("add: A; expected b") ==
             "the error \"add: A; expected b\" is written as a sentence");
  BOOST_TEST(malformed("add: a; expected b.") ==
             "the error \"add: a; expected b.\" is written as a sentence");
  BOOST_TEST(malformed("add: a and b") ==
             "the error \"add: a and b\" does not say what was expected");
}

BOOST_AUTO_TEST_CASE(other_types_give_what_the_promoted_one_gives) {
  OtherInputs other{"as int64", {full({2}, 3)}, {full({2}, 3, {.dtype = float64})}};
  auto half = [](const tensor_list& x) { return tensor_list{x[0] / 2}; };
  auto by_type = [](const tensor_list& x) {
    return tensor_list{x[0].is_floating_point() ? x[0] : x[0] + 1};
  };
  BOOST_TEST(wrong_answer(half, other) == "");
  BOOST_TEST(wrong_answer(by_type, other) == "tensor 0: 4 at [0], expected 3");
}

BOOST_AUTO_TEST_CASE(only_gradients_may_be_undefined) {
  Tensor zero = zeros({2});
  BOOST_TEST(difference({zero}, {Tensor()}, 0) == "tensor 0: defined");
  BOOST_TEST(gradient_difference({zero}, {Tensor()}, 0) == "");
  BOOST_TEST(gradient_difference({Tensor()}, {ones({2})}, 0) == "tensor 0: 0 at [0], expected 1");
}

BOOST_AUTO_TEST_CASE(ops_are_found_by_function_and_by_id) {
  BOOST_TEST(find_ops("squeeze").size() == 2u);
  BOOST_TEST(find_ops("SqueezeDim").size() == 1u);
  BOOST_TEST(find_ops("SqueezeDim")[0]->signature == "squeeze(x, int64_t dim)");
  BOOST_TEST(find_ops("Sum")[0]->signature == "sum(x, IntList dims = {}, bool keepdim = false)");
  BOOST_TEST(find_ops("none of that name").empty());
  std::set<std::string> ids;
  for (const OpEntry& op : registry()) BOOST_TEST(ids.insert(op.id).second, op.id);
}

BOOST_AUTO_TEST_CASE(reference_is_up_to_date) {
  std::ifstream file(TAPER_SOURCE_DIR "/docs/ops.md");
  std::string committed{std::istreambuf_iterator<char>(file), {}};
  BOOST_TEST((committed == op_reference()),
             "docs/ops.md is not what the registry says; ./run docs writes it");
}

BOOST_AUTO_TEST_SUITE_END()
