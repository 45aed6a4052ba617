#include "autograd/ops/element.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"

using namespace taper;
using ops::Element;

namespace {

// Masks of elements are bools, and their product is an int.
#pragma GCC diagnostic ignored "-Wint-in-bool-context"

/// As the macros of pointwise ops read them.
struct Rules {
  ELEMENT_RULE(Product, (Dy dy, Y y), dy*(1 - y * y))
  ELEMENT_RULE(Choice, (Dy dy, A a, B b), where((a == 0) * (b >= 0), 0, dy / (2 * a)))
  ELEMENT_RULE(Passed, (Dy dy), dy)
  ELEMENT_RULE(Unknown, (Dy dy, X x), dy* exp(x))
};

bool same_bits(const Tensor& a, const Tensor& b) { return (a == b).all().item<bool>(); }

/// The gradient of f's result by x, by loops of one pass and by the rule's ops one after the other.
template <class F>
void check_both(const Tensor& x, F f) {
  Tensor y = f(x), dy = randn(y.sizes(), {.dtype = y.dtype()});
  GradOptions keep{.retain_graph = true};
  Tensor fused = grad({y}, {x}, {dy}, keep)[0];
  {
    FormulaGuard formulas;
    BOOST_TEST(same_bits(fused, grad({y}, {x}, {dy}, keep)[0]));
  }
  BOOST_TEST(same_bits(fused, grad({f(x)}, {x}, {dy})[0]));  // saved values are its to write over
}

}  // namespace

BOOST_AUTO_TEST_SUITE(element_rules)

BOOST_AUTO_TEST_CASE(say_what_the_text_says) {
  BOOST_TEST((Rules::Product<float>::exists && Rules::Choice<double>::exists));
  BOOST_TEST(Rules::Product<float>::at(2.0f, 3.0f).value == -16);
  BOOST_TEST(Rules::Choice<double>::at(3.0, 0.0, 1.0).value == 0);
  BOOST_TEST(Rules::Choice<double>::at(3.0, 2.0, 1.0).value == 0.75);
}

BOOST_AUTO_TEST_CASE(are_none_where_a_tensor_is_passed_on_or_a_function_is_called) {
  BOOST_TEST(!Rules::Passed<float>::exists);
  BOOST_TEST(!Rules::Unknown<float>::exists);
}

BOOST_AUTO_TEST_CASE(give_the_bits_of_the_ops) {
  for (Dtype dtype : {float32, float64})
    for (const Tensor& base :
         {randn({37, 41}, {.dtype = dtype}), randn({41, 37}, {.dtype = dtype}).t()}) {
      Tensor x = base.detach().abs().requires_grad_(), row = rand({41}, {.dtype = dtype}) + 1;
      check_both(x, [](auto& t) { return t.tanh(); });
      check_both(x, [](auto& t) { return t.sigmoid(); });
      check_both(x, [](auto& t) { return t.sqrt(); });
      check_both(x, [](auto& t) { return t.relu(); });
      check_both(x, [](auto& t) { return t.square(); });
      check_both(x, [](auto& t) { return t.log(); });
      check_both(x, [&](auto& t) { return row / t; });
      check_both(x, [&](auto& t) { return t / row; });
      check_both(x, [&](auto& t) { return maximum(t, row); });
      check_both(x, [&](auto& t) { return t * t; });
      check_both(x, [&](auto& t) { return t * row + t.tanh() * t; });
      check_both(x, [&](auto& t) { return (t.sqrt() * t + t).sigmoid() + t.square(); });
    }
}

BOOST_AUTO_TEST_CASE(leave_saved_values_that_others_hold_alone) {
  Tensor x = rand({100}).requires_grad_(), y = x.tanh(), before = y.detach().clone();
  Tensor z = y * y, other = z.detach();
  grad({z.sqrt()}, {x}, {ones({100})});
  BOOST_TEST(same_bits(y, before));
  BOOST_TEST(same_bits(z, before.square()));
  BOOST_TEST(same_bits(other, before.square()));
}

BOOST_AUTO_TEST_CASE(do_not_add_where_the_hooks_of_a_node_look) {
  Tensor x = rand({10}).requires_grad_(), y = x.tanh();
  Tensor seen;
  y.grad_fn()->register_post_hook([&](const Node&, tensor_list& dx) { seen = dx[0].clone(); });
  grad({y + x}, {x}, {ones({10})});
  BOOST_TEST(same_bits(seen, 1 - y.detach().square()));
}

BOOST_AUTO_TEST_CASE(pass_nan_on) {
  Tensor x = tensor({double(NAN), 1.0, -1.0}).requires_grad_();
  Tensor dx = grad({x.relu()}, {x}, {tensor({1.0, double(NAN), double(NAN)})})[0];
  BOOST_TEST(dx[0].item<double>() == 1);
  BOOST_TEST(std::isnan(dx[1].item<double>()));
  BOOST_TEST(dx[2].item<double>() == 0);
}

BOOST_AUTO_TEST_CASE(leave_gradients_that_others_hold_alone) {
  Tensor x = randn({100}).requires_grad_(), middle = x.tanh(), dy = ones({100});
  middle.retain_grad();
  Tensor seen, y = middle.tanh();
  middle.register_hook([&](const Tensor& g) {
    seen = g;
    return Tensor();
  });
  y.backward(dy);
  BOOST_TEST(same_bits(dy, ones({100})));
  Tensor expected = 1 - y.detach().square();
  BOOST_TEST(same_bits(middle.grad(), expected));
  BOOST_TEST(same_bits(seen, expected));
  BOOST_TEST(same_bits(x.grad(), expected * (1 - middle.detach().square())));
}

BOOST_AUTO_TEST_CASE(record_where_a_graph_is_asked_for) {
  Tensor x = rand({5}).requires_grad_(), y = x.tanh();
  Tensor dx = grad({y}, {x}, {ones({5})}, {.create_graph = true})[0];
  BOOST_TEST(dx.requires_grad());
  BOOST_TEST(!grad({y}, {x}, {ones({5})})[0].requires_grad());
}

BOOST_AUTO_TEST_SUITE_END()
