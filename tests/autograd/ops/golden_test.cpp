#include <boost/test/unit_test.hpp>

#include "autograd/graph/engine.h"
#include "tests/support/error_text.h"
#include "tests/support/golden_calls.h"

using namespace taper;
using namespace taper::test;
using golden::Array;
using golden::Case;

namespace {

constexpr double tolerance = 1e-9;

tensor_list to_tensors(const std::vector<Array>& arrays) {
  tensor_list out;
  for (const Array& a : arrays) out.push_back(to_tensor(a));
  return out;
}

void check_close(const char* what, const std::vector<Array>& expected, const tensor_list& found) {
  BOOST_REQUIRE_EQUAL(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) BOOST_TEST_CONTEXT(what << " " << i)
  BOOST_TEST((expected[i].defined ? test::difference(expected[i], found[i], tolerance) : "") == "");
}

/// The gradients of outputs for those inputs that `expected` has one for; zeros where there is
/// none.
tensor_list gradients(const tensor_list& outputs, const tensor_list& dy, const tensor_list& inputs,
                      const std::vector<Array>& expected, bool create_graph) {
  tensor_list wanted, out(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (expected[i].defined) wanted.push_back(inputs[i]);
  tensor_list ys, dys;
  for (size_t k = 0; k < outputs.size(); ++k)
    if (dy[k].defined() && outputs[k].requires_grad()) {
      ys.push_back(outputs[k]);
      dys.push_back(dy[k]);
    }
  tensor_list found(wanted.size());
  if (!ys.empty())
    found = grad(ys, wanted, dys, {.create_graph = create_graph, .allow_unused = true});
  for (size_t i = 0, n = 0; i < inputs.size(); ++i)
    if (expected[i].defined) {
      out[i] = found[n].defined() ? found[n] : zeros_like(inputs[i]);
      ++n;
    }
  return out;
}

void check_second_order(const Case& c, const tensor_list& x, const tensor_list& dy,
                        const tensor_list& dx) {
  Tensor total = zeros({}, {.dtype = float64});
  tensor_list v = to_tensors(c.v);
  for (size_t i = 0; i < dx.size(); ++i)
    if (v[i].defined()) total = total + (dx[i] * v[i]).sum();
  tensor_list inputs = x;
  inputs.insert(inputs.end(), dy.begin(), dy.end());
  std::vector<Array> expected = c.grads2;
  expected.insert(expected.end(), c.grads2_dy.begin(), c.grads2_dy.end());
  check_close("second gradient", expected,
              gradients({total}, {ones({}, {.dtype = float64})}, inputs, expected, false));
}

void check(const Case& c) {
  tensor_list x = to_tensors(c.inputs);
  for (size_t i = 0; i < c.grads.size(); ++i)
    if (c.grads[i].defined) x[i].requires_grad_();
  tensor_list y = golden_calls().at(c.op)(c, x);
  check_close("output", c.outputs, y);
  if (c.grads.empty()) return;
  tensor_list dy = to_tensors(c.dy);
  bool second = !c.v.empty();
  for (const Tensor& t : dy)
    if (t.defined()) t.requires_grad_(second);
  tensor_list dx = gradients(y, dy, x, c.grads, second);
  check_close("gradient", c.grads, dx);
  if (second) check_second_order(c, x, dy, dx);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ops_against_pytorch)

BOOST_AUTO_TEST_CASE(every_case) {
  for (const Case& c : golden::cases()) {
    BOOST_TEST_CONTEXT(c.name()) {
      BOOST_TEST(golden_calls().contains(c.op), "no line in golden_calls");
      try {
        if (golden_calls().contains(c.op)) check(c);
      } catch (const Error& e) {
        BOOST_ERROR(e.what());
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
