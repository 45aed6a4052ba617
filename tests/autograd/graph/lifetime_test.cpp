// What a graph holds, and that it goes with its last user: no cycles.

#include "autograd/graph/engine.h"
#include "autograd/graph/function.h"
#include "autograd/graph/node.h"
#include "tests/support/error_text.h"
#include "tests/support/graph.h"

using namespace taper;
using namespace taper::test;

namespace {

/// Keeps its output beside what it saves.
struct KeepsOutput : autograd::Function<KeepsOutput> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    Tensor y = x.exp();
    ctx->saved_data["y"] = y;
    ctx->saved_data["list"] = tensor_list{y, Tensor()};
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    BOOST_TEST(ctx->saved_data["list"].toTensorVector().size() == 2u);
    return {dy[0] * ctx->saved_data["y"].toTensor()};
  }
};

/// Whether the node that make returns was freed with the tensors that make dropped.
bool is_freed(const std::function<Ref<Node>()>& make) { return make()->use_count() == 1; }

}  // namespace

BOOST_AUTO_TEST_SUITE(lifetime_test)

BOOST_AUTO_TEST_CASE(input_that_is_written_from_what_it_led_to) {
  Tensor x = tensor({1.0, 2.0}, leaf);
  BOOST_TEST(is_freed([&] {
    Tensor a = x * 1, y = a.square();
    a.mul_(y);
    return y.grad_fn();
  }));
  BOOST_TEST(is_freed([&] {
    Tensor state = zeros({2}, doubles), y = state * x;  // without history when it is saved
    state.add_(y);
    return y.grad_fn();
  }));
}

BOOST_AUTO_TEST_CASE(output_among_saved_data) {
  Tensor x = tensor({0.0, 0.0}, leaf);
  BOOST_TEST(is_freed([&] { return KeepsOutput::apply(x).grad_fn(); }));
  KeepsOutput::apply(x).sum().backward();
  TEST_VALUES(x.grad(), {1, 1});
}

BOOST_AUTO_TEST_CASE(saved_input_keeps_its_history) {
  Tensor x = tensor({2.0}, leaf);
  Tensor a = x * x, y = a.square();  // x^4
  Tensor g = grad({y}, {x}, {}, {.create_graph = true})[0];
  a.detach_();  // the graph has its own
  TEST_VALUES(grad({g}, {x})[0], {48});
}

BOOST_AUTO_TEST_CASE(set_data_after_saving) {
  Tensor x = tensor(2.0, doubles), w = tensor(3.0, leaf), v = tensor(4.0, leaf);
  Tensor y = v * w;
  w.set_data(tensor(100.0, doubles));
  BOOST_TEST(error_text([&] { y.backward(); }) ==
             "mul: input 1 of shape [], saved for backward, was replaced by set_data; expected the "
             "tensor that was saved");
  Tensor a = v * 1, z = a * a;
  a.set_data(tensor(100.0, doubles));  // the graph kept what it read
  TEST_VALUES(grad({z}, {v})[0], {8});
}

BOOST_AUTO_TEST_SUITE_END()
