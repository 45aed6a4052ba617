#include "autograd/graph/grad_mode.h"

#include "autograd/graph/engine.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(grad_mode_test)

BOOST_AUTO_TEST_CASE(guards_nest) {
  Tensor x = tensor({1.0}, leaf);
  BOOST_TEST((x * 2).requires_grad());
  {
    NoGradGuard no_grad;
    BOOST_TEST(!GradMode::is_enabled());
    BOOST_TEST(!(x * 2).requires_grad());
    BOOST_TEST(ones({1}, leaf).requires_grad());  // factories do as they are told
    {
      EnableGradGuard enable_grad;
      BOOST_TEST((x * 2).requires_grad());
      AutoGradMode off(false);
      BOOST_TEST(!(x * 2).requires_grad());
    }
    BOOST_TEST(!GradMode::is_enabled());
  }
  BOOST_TEST(GradMode::is_enabled());
}

BOOST_AUTO_TEST_CASE(guards_end_with_an_exception) {
  try {
    NoGradGuard no_grad;
    throw 1;
  } catch (int) {
  }
  BOOST_TEST(GradMode::is_enabled());
}

BOOST_AUTO_TEST_CASE(backward_works_inside_no_grad) {
  Tensor x = tensor({3.0}, leaf);
  Tensor y = x * x;
  NoGradGuard no_grad;
  y.backward();
  TEST_VALUES(x.grad(), {6});
  BOOST_TEST(!GradMode::is_enabled());
}

BOOST_AUTO_TEST_CASE(create_graph_works_inside_no_grad) {
  Tensor x = tensor({3.0}, leaf);
  Tensor y = x * x * x;
  NoGradGuard no_grad;
  BOOST_TEST(grad({y}, {x}, {}, {.create_graph = true})[0].requires_grad());
}

BOOST_AUTO_TEST_CASE(updates_without_recording_count_as_writes) {
  Tensor x = tensor({3.0}, leaf);
  NoGradGuard no_grad;
  x.sub_(0.5);
  BOOST_TEST(x.version() == 1);
  BOOST_TEST(x.is_leaf());
  TEST_VALUES(x, {2.5});
}

BOOST_AUTO_TEST_CASE(inference_mode) {
  Tensor x = tensor({3.0}, leaf), made;
  {
    InferenceMode inference;
    BOOST_TEST(is_inference_mode_enabled());
    BOOST_TEST(!GradMode::is_enabled());
    made = x * 2;
    BOOST_TEST(made.is_inference());
    BOOST_TEST(!made.requires_grad());
    made.add_(1);
    {
      EnableGradGuard enable_grad;
      BOOST_TEST(!(x * 2).requires_grad());
      BOOST_TEST((x * 2).is_inference());
    }
    {
      InferenceMode off(false);
      BOOST_TEST((x * 2).requires_grad());
      BOOST_TEST(!(x * 2).is_inference());
    }
  }
  BOOST_TEST(!is_inference_mode_enabled());
  BOOST_TEST(made.is_inference());
  BOOST_TEST(made[0].is_inference());
  Tensor y = x + made;  // saves nothing of it
  y.backward();
  TEST_VALUES(x.grad(), {1});
  BOOST_TEST(!made.clone().is_inference());
}

BOOST_AUTO_TEST_SUITE_END()
