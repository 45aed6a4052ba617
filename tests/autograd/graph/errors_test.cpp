// The texts of what can go wrong with the graph.

#include <boost/test/unit_test.hpp>

#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/module_path.h"
#include "tests/support/error_text.h"

using namespace taper;
using taper::test::error_text;

static const TensorOptions with_grad{.requires_grad = true};

BOOST_AUTO_TEST_SUITE(graph_errors)

BOOST_AUTO_TEST_CASE(backward_without_a_graph) {
  BOOST_TEST(error_text([] { ones({}).backward(); }) ==
             "backward: output 0 does not require grad and has no history; expected a tensor that "
             "depends on "
             "one with requires_grad");
  BOOST_TEST(error_text([] { grad({Tensor()}, {ones({}, with_grad)}); }) ==
             "grad: output 0 is undefined; expected a tensor");
  BOOST_TEST(error_text([] { grad({ones({})}, {ones({}, with_grad)}); }) ==
             "grad: output 0 does not require grad and has no history; expected a tensor that "
             "depends on one "
             "with requires_grad");
}

BOOST_AUTO_TEST_CASE(backward_on_more_than_one_element) {
  Tensor x = ones({2, 3}, with_grad);
  BOOST_TEST(error_text([&] { (x * 2).backward(); }) ==
             "backward: output 0 has shape [2, 3]; expected one element, or an output gradient");
  BOOST_TEST(error_text([&] {
               grad({x.sum(), x.exp()}, {x});
             }) == "grad: output 1 has shape [2, 3]; expected one element, or an output gradient");
}

BOOST_AUTO_TEST_CASE(output_gradients_that_do_not_fit) {
  Tensor x = ones({2}, with_grad), y = x * 2;
  BOOST_TEST(error_text([&] { y.backward(ones({3})); }) ==
             "backward: the output gradient has shape [3]; expected the output's [2]");
  BOOST_TEST(error_text([&] { y.backward(ones({2}, {.dtype = float64})); }) ==
             "backward: the output gradient is float64; expected the output's float32");
  BOOST_TEST(error_text([&] {
               grad({y}, {x}, {ones({2}), ones({2})});
             }) == "grad: 2 output gradients for 1 outputs; expected one for each");
}

BOOST_AUTO_TEST_CASE(inputs_that_are_not_in_the_graph) {
  Tensor x = ones({}, with_grad), other = ones({}, with_grad);
  BOOST_TEST(error_text([&] { grad({x * 2}, {ones({})}); }) ==
             "grad: input 0 does not require grad; expected one that does");
  BOOST_TEST(error_text([&] {
               grad({x * 2}, {x, Tensor()});
             }) == "grad: input 1 is undefined; expected a tensor");
  BOOST_TEST(error_text([&] { (x * 2).backward({}, false, false, {ones({})}); }) ==
             "backward: input 0 does not require grad; expected one that does");
  BOOST_TEST(error_text([&] {
               grad({x * 2}, {x, other});
             }) ==
             "grad: the outputs do not depend on input 1; expected allow_unused=true for that");
  BOOST_TEST(!grad({x * 2}, {other}, {}, {.allow_unused = true})[0].defined());
}

BOOST_AUTO_TEST_CASE(backward_twice) {
  Tensor x = ones({}, with_grad), y = x.exp();
  y.backward();
  BOOST_TEST(error_text([&] { y.backward(); }) ==
             "exp: its saved values were freed by an earlier backward; expected retain_graph=true "
             "there to run "
             "backward twice");
}

BOOST_AUTO_TEST_CASE(overwritten_values_name_saver_and_writer) {
  Tensor x = ones({2}, with_grad), a = x * 1, y = a.square();
  a.add_(1);
  BOOST_TEST(error_text([&] { y.sum().backward(); }) ==
             "square: input 0 of shape [2], saved for backward, was overwritten by add_; it is at "
             "version 1, "
             "expected version 0");
  Tensor e = (x * 1).exp(), s = e.sum();
  {
    ModuleScope scope(intern_module_path(nullptr, "block.norm", "Norm"));
    NoGradGuard no_grad;
    e.mul_(2);
  }
  BOOST_TEST(error_text([&] { s.backward(); }) ==
             "exp: output 0 of shape [2], saved for backward, was overwritten by mul_ in "
             "block.norm; it is at "
             "version 1, expected version 0");
}

BOOST_AUTO_TEST_CASE(writing_to_leaves) {
  Tensor x = ones({2}, with_grad);
  BOOST_TEST(
      error_text([&] { x.add_(1); }) ==
      "add_: cannot write to a leaf that requires grad; expected NoGradGuard or another tensor");
  BOOST_TEST(error_text([&] { x[0].add_(1); }) ==
             "add_: cannot write to a view of a leaf that requires grad; expected NoGradGuard or "
             "another tensor");
  NoGradGuard no_grad;
  BOOST_TEST(error_text([&] { x.add_(1); }) == "no error");
}

BOOST_AUTO_TEST_CASE(writing_another_shape_or_type) {
  Tensor x = ones({3}), i = ones({3}, {.dtype = int64});
  BOOST_TEST(error_text([&] {
               x.add_(ones({2, 3}));
             }) == "add: in place, the result has shape [2, 3]; expected the tensor's own [3]");
  BOOST_TEST(error_text([&] { i.add_(1.5); }) ==
             "add: in place, the result is float32; expected the tensor's own int64");
}

BOOST_AUTO_TEST_CASE(inference_tensors) {
  Tensor inner;
  {
    InferenceMode inference;
    inner = ones({2});
  }
  Tensor x = ones({2}, with_grad);
  BOOST_TEST(error_text([&] { x* inner; }) ==
             "mul: an inference tensor cannot be saved for backward; expected a clone() of it made "
             "outside of "
             "inference mode");
  BOOST_TEST(
      error_text([&] { inner.add_(1); }) ==
      "add_: cannot write to an inference tensor outside of inference mode; expected a clone() "
      "of it");
  BOOST_TEST(error_text([&] { inner.requires_grad_(); }) ==
             "requires_grad_: an inference tensor cannot require grad outside of inference mode; "
             "expected a clone() of it");
}

BOOST_AUTO_TEST_CASE(requires_grad_where_it_cannot_be) {
  Tensor x = ones({2}, with_grad);
  BOOST_TEST(error_text([] { ones({2}, {.dtype = int64}).requires_grad_(); }) ==
             "requires_grad_: the tensor is int64; expected a floating type");
  BOOST_TEST(error_text([&] { x.exp().requires_grad_(false); }) ==
             "requires_grad_: the tensor is an output of exp; expected a leaf, or detach()");
  BOOST_TEST(error_text([&] { x.exp().requires_grad_(); }) == "no error");
}

BOOST_AUTO_TEST_CASE(detach_and_set_data) {
  Tensor x = ones({2}, with_grad);
  BOOST_TEST(error_text([&] { x.view({2}).detach_(); }) ==
             "detach_: the tensor is a view; expected detach()");
  BOOST_TEST(error_text([&] { x.detach()[0].set_data(ones({})); }) ==
             "set_data: the tensor is a view; expected one with memory of its own");
  BOOST_TEST(
      error_text([&] { x.set_data(ones({2}, {.dtype = int64})); }) ==
      "set_data: the new values are int64; expected a floating type, the tensor requires grad");
}

BOOST_AUTO_TEST_CASE(hooks_without_a_gradient) {
  Tensor x = ones({2}), leaf = ones({2}, with_grad);
  auto nothing = [](const Tensor&) {};
  BOOST_TEST(error_text([&] { x.register_hook(nothing); }) ==
             "register_hook: the tensor does not require grad; expected one that does");
  BOOST_TEST(error_text([&] { x.retain_grad(); }) ==
             "retain_grad: the tensor does not require grad; expected one that does");
  BOOST_TEST(error_text([&] { leaf.remove_hook(3); }) ==
             "remove_hook: there is no hook 3; expected a number that registering returned");
  BOOST_TEST(
      error_text([&] { x.register_post_accumulate_grad_hook(nothing); }) ==
      "register_post_accumulate_grad_hook: the tensor is no leaf that requires grad; expected one");
  BOOST_TEST(
      error_text([&] { leaf.exp().register_post_accumulate_grad_hook(nothing); }) ==
      "register_post_accumulate_grad_hook: the tensor is no leaf that requires grad; expected one");
}

BOOST_AUTO_TEST_CASE(errors_name_the_module) {
  ModuleScope scope(intern_module_path(nullptr, "encoder.conv", "Conv2d"));
  BOOST_TEST(error_text([] { ones({2}) + ones({3}); }) ==
             "add: shapes [2] and [3] do not broadcast; expected equal sizes or 1 in dimension -1, "
             "not 2 and 3; in encoder.conv");
}

BOOST_AUTO_TEST_SUITE_END()
