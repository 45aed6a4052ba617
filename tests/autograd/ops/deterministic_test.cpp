// With deterministic(true) every op gives the same bits for every number of threads.

#include <boost/test/unit_test.hpp>

#include "autograd/gradcheck/sample_inputs.h"
#include "autograd/kernels/winograd.h"
#include "autograd/ops/registry.h"
#include "autograd/tensor/factories.h"
#include "tests/support/op_run.h"
#include "tests/support/same_bits.h"

using namespace taper;
using namespace taper::test;

namespace {

tensor_list outputs_and_gradients(const Sample::Function& f, const tensor_list& inputs) {
  manual_seed(3);
  Results r = run(f, inputs);
  tensor_list all = r.outputs;
  for (const Tensor& g : r.gradients) all.push_back(g);
  return all;
}

Tensor leaf(IntList sizes, Dtype dtype) {
  return randn(sizes, {.dtype = dtype}).requires_grad_(true);
}

/// Checks f of inputs of these shapes in a type.
void check(const char* what, const Sample::Function& f, const std::vector<Shape>& shapes,
           Dtype dtype) {
  manual_seed(1);
  tensor_list inputs;
  for (const Shape& s : shapes) inputs.push_back(leaf(s, dtype));
  std::string wrong = differing_threads([&] { return outputs_and_gradients(f, inputs); });
  BOOST_TEST(wrong.empty(), what << " of " << to_string(shapes[0]) << ", " << info(dtype).name
                                 << ": threads" << wrong);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(deterministic_ops)

BOOST_AUTO_TEST_CASE(belongs_to_the_thread_and_is_off_at_first) {
  ThreadSettings before;
  BOOST_TEST(!deterministic());
  deterministic(true);
  BOOST_TEST(deterministic());
}

BOOST_AUTO_TEST_CASE(every_sample_where_all_work_is_shared) {
  kernels::EagerThreads eager;
  for (const OpEntry& op : registry())
    for (const Sample& s : op.samples())
      for (Dtype type : {float32, float64}) {
        tensor_list inputs = sample_inputs(s, type);
        std::string wrong =
            differing_threads([&] { return outputs_and_gradients(s.run, copies(inputs)); });
        BOOST_TEST(wrong.empty(),
                   op.id << " [" << s.label << "], " << info(type).name << ": threads" << wrong);
      }
}

BOOST_AUTO_TEST_CASE(products_of_matrices) {
  auto product = [](const tensor_list& x) { return tensor_list{x[0].matmul(x[1])}; };
  auto linear_of = [](const tensor_list& x) { return tensor_list{linear(x[0], x[1], x[2])}; };
  for (Dtype type : {float32, float64}) {
    check("matmul", product, {{300, 200}, {200, 170}}, type);
    check("matmul", product, {{40, 5000}, {5000, 30}}, type);
    check("matmul", product, {{1000, 64}, {64, 1000}}, type);
    check("matmul", product, {{12, 100, 80}, {12, 80, 110}}, type);
    check("matmul", product, {{2, 260, 260}, {2, 260, 260}}, type);
    check("linear", linear_of, {{500, 200}, {150, 200}, {150}}, type);
  }
}

BOOST_AUTO_TEST_CASE(convolutions) {
  struct Case {
    Shape x, w;
    ConvOptions options;
  };
  std::vector<Case> cases = {{{8, 64, 16, 16}, {64, 64, 3, 3}, {.padding = 1}},
                             {{8, 64, 64, 64}, {64, 64, 3, 3}, {.padding = 1}},
                             {{7, 64, 16, 16}, {48, 64, 3, 3}, {.stride = 2, .padding = 1}},
                             {{16, 64, 8, 8}, {128, 64, 1, 1}, {}},
                             {{8, 3, 33, 33}, {32, 3, 7, 7}, {.stride = 2, .padding = 3}},
                             {{32, 1, 28, 28}, {8, 1, 5, 5}, {.padding = 2}},
                             {{12, 4, 28, 28}, {16, 4, 3, 3}, {.padding = 1}},
                             {{8, 32, 20, 20}, {32, 1, 3, 3}, {.padding = 1, .groups = 32}}};
  bool before = winograd();
  for (const Case& c : cases)
    for (bool on : {false, true}) {
      set_winograd(on);
      auto f = [&](const tensor_list& x) {
        return tensor_list{conv2d(x[0], x[1], x[2], c.options)};
      };
      check("conv2d", f, {c.x, c.w, {c.w[0]}}, float32);
    }
  set_winograd(before);
  auto f = [&](const tensor_list& x) {
    return tensor_list{conv2d(x[0], x[1], x[2], cases[0].options)};
  };
  check("conv2d", f, {cases[0].x, cases[0].w, {cases[0].w[0]}}, float64);
}

BOOST_AUTO_TEST_SUITE_END()
