#include "autograd/graph/function.h"

#include <boost/test/unit_test.hpp>

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/ops/op.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using taper::test::error_text;

namespace {

const TensorOptions checked{.dtype = float64, .requires_grad = true};

struct Swish : autograd::Function<Swish> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    BOOST_TEST(!GradMode::is_enabled());
    ctx->save_for_backward({x});
    return x * x.sigmoid();
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    Tensor x = ctx->get_saved_variables()[0], s = x.sigmoid();
    return {dy[0] * (s + x * s * (1 - s))};
  }
};

/// Every kind of argument and of saved value.
struct Affine : autograd::Function<Affine> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double scale, std::string name,
                        const Tensor& shift = {}) {
    Tensor y = x * scale;
    if (shift.defined()) y = y + shift;
    ctx->save_for_backward({x, shift, y, y * 2});
    ctx->saved_data["scale"] = scale;
    ctx->saved_data["name"] = name;
    ctx->saved_data["count"] = 3;
    ctx->saved_data["on"] = true;
    ctx->saved_data["sizes"] = x.sizes();
    ctx->saved_data["tensor"] = y;
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    tensor_list saved = ctx->get_saved_variables();
    BOOST_TEST(saved.size() == 4u);
    BOOST_TEST(ctx->saved_data["name"].toStringRef() == "affine");
    BOOST_TEST(ctx->saved_data["count"].toInt() == 3);
    BOOST_TEST(ctx->saved_data["on"].toBool());
    BOOST_TEST(ctx->saved_data["sizes"].toIntVector().size() == 1u);
    BOOST_TEST(ctx->saved_data["tensor"].toTensor().defined());
    BOOST_TEST(ctx->needs_input_grad(0));
    Tensor dx = dy[0] * ctx->saved_data["scale"].toDouble();
    return {dx, {}, {}, saved[1].defined() ? dy[0] : Tensor()};
  }
};

/// Two outputs; the second of integers.
struct Halves : autograd::Function<Halves> {
  static inline bool materialize = true;
  static inline bool second_arrived = false;
  static tensor_list forward(AutogradContext* ctx, const Tensor& x) {
    ctx->set_materialize_grads(materialize);
    Tensor mask = x > 0;
    return {x * 2, x * 3, mask};
  }
  static tensor_list backward(AutogradContext*, tensor_list dy) {
    BOOST_TEST(dy.size() == 3u);
    second_arrived = dy[1].defined();
    return {dy[1].defined() ? dy[0] * 2 + dy[1] * 3 : dy[0] * 2};
  }
};

struct Wrong : autograd::Function<Wrong> {
  static inline tensor_list gradients;
  static Tensor forward(AutogradContext*, const Tensor& x, int) { return x * 1; }
  static tensor_list backward(AutogradContext*, tensor_list) { return gradients; }
};

struct Double_ : autograd::Function<Double_> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    x.mul_(2);
    ctx->mark_dirty({x});
    return x;
  }
  static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0] * 2}; }
};

struct NotReturned : autograd::Function<NotReturned> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->mark_dirty({x});
    return x * 1;
  }
  static tensor_list backward(AutogradContext*, tensor_list dy) { return dy; }
};

/// y = x with the gradient reversed.
struct Reverse : autograd::Function<Reverse> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x; }
  static tensor_list backward(AutogradContext*, tensor_list dy) { return {-dy[0]}; }
};

struct Flat : autograd::Function<Flat> {
  static tensor_list forward(AutogradContext* ctx, const Tensor& x) {
    Tensor constant = x * 0 + 1;
    ctx->mark_non_differentiable({constant});
    return {x * 2, constant};
  }
  static tensor_list backward(AutogradContext*, tensor_list dy) { return {dy[0] * 2}; }
};

struct SavesOutput : autograd::Function<SavesOutput> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    Tensor y = x.exp();
    ctx->save_for_backward({y});
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    return {dy[0] * ctx->get_saved_variables()[0]};
  }
};

struct SavesOther : autograd::Function<SavesOther> {
  static inline Tensor other;
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    other = x.exp();
    ctx->save_for_backward({other});
    return x * other;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    return {dy[0] * ctx->get_saved_variables()[0]};
  }
};

struct NeedsOf : autograd::Function<NeedsOf> {
  static inline std::vector<bool> forward_needs, backward_needs;
  static std::vector<bool> needs(AutogradContext* ctx) {
    return {ctx->needs_input_grad(0), ctx->needs_input_grad(1)};
  }
  static Tensor forward(AutogradContext* ctx, const Tensor& a, int, const Tensor& b) {
    forward_needs = needs(ctx);
    return a + b;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    backward_needs = needs(ctx);
    return {dy[0], {}, dy[0]};
  }
};

bool equal(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && (a != b).to(int64).sum().item<int64_t>() == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(function_test)

BOOST_AUTO_TEST_CASE(swish_passes_order_2) {
  Tensor x = tensor({-2.0, -0.5, 0.0, 0.5, 3.0}, checked);
  auto report = gradcheck([](const Tensor& x) { return Swish::apply(x); }, {x}, {.order = 2});
  BOOST_TEST(report.ok(), to_string(report));
  Tensor y = Swish::apply(x);
  BOOST_TEST(y.grad_fn()->name() == "Swish");
  Tensor g = grad({y.sum()}, {x}, {}, {.create_graph = true})[0];
  BOOST_TEST(g.requires_grad());
  Tensor plain = grad({Swish::apply(x).sum()}, {x})[0];
  BOOST_TEST(!plain.requires_grad());
}

BOOST_AUTO_TEST_CASE(arguments_of_every_kind) {
  Tensor x = tensor({1.0, 2.0}, checked), shift = tensor({0.5, 0.5}, checked);
  Tensor y = Affine::apply(x, 3.0, "affine", shift);
  y.backward(tensor({1.0, 10.0}, {.dtype = float64}));
  BOOST_TEST(equal(x.grad(), tensor({3.0, 30.0}, {.dtype = float64})));
  BOOST_TEST(equal(shift.grad(), tensor({1.0, 10.0}, {.dtype = float64})));
  Affine::apply(x, 3.0, "affine", Tensor()).sum().backward();
  BOOST_TEST(equal(x.grad(), tensor({6.0, 33.0}, {.dtype = float64})));
  // Fewer arguments than forward has: the default takes their place, and one gradient too many may
  // be undefined.
  Affine::apply(x, 3.0, "affine").sum().backward();
  std::string attributes = to_string(y.grad_fn()->attributes());
  BOOST_TEST(attributes == "count=3, name=affine, on=true, scale=3, sizes=[2]");
}

BOOST_AUTO_TEST_CASE(nothing_is_recorded_without_need) {
  Tensor x = tensor({1.0, 2.0}, {.dtype = float64});
  BOOST_TEST(!Swish::apply(x).requires_grad());
  NoGradGuard no_grad;
  BOOST_TEST(!Swish::apply(tensor({1.0}, checked)).requires_grad());
}

BOOST_AUTO_TEST_CASE(missing_output_gradients) {
  Tensor x = tensor({1.0, -1.0}, checked);
  for (bool materialize : {true, false}) {
    Halves::materialize = materialize;
    tensor_list y = Halves::apply(x);
    BOOST_TEST(!y[2].requires_grad());
    BOOST_TEST(equal(grad({y[0].sum()}, {x})[0], tensor({2.0, 2.0}, {.dtype = float64})));
    BOOST_TEST(Halves::second_arrived == materialize);
  }
}

BOOST_AUTO_TEST_CASE(wrong_gradients) {
  Tensor x = tensor({1.0, 2.0}, checked);
  auto run = [&](tensor_list gradients) {
    Wrong::gradients = std::move(gradients);
    return error_text([&] { Wrong::apply(x, 1).sum().backward(); });
  };
  Tensor right = ones({2}, {.dtype = float64});
  BOOST_TEST(run({right}) ==
             "Wrong: backward returned 1 gradients; expected 2, one for each argument of forward");
  BOOST_TEST(run({right, right, right}) ==
             "Wrong: backward returned 3 gradients; expected 2, one for each argument of forward");
  BOOST_TEST(run({right, right}) ==
             "Wrong: backward returned a gradient for argument 1, which is no tensor; expected an "
             "undefined Tensor");
  BOOST_TEST(run({ones({3}, {.dtype = float64}), {}}) ==
             "Wrong: its rule returned a gradient of shape [3] for input 0; expected [2]");
  BOOST_TEST(run({ones({2}), {}}) ==
             "Wrong: its rule returned a float32 gradient for input 0; expected float64");
  BOOST_TEST(run({right, {}, {}}) == "no error");
  BOOST_TEST(run({{}, {}}) == "no error");
}

BOOST_AUTO_TEST_CASE(in_place) {
  Tensor x = tensor({1.0, 2.0}, checked);
  Tensor a = x * 3;
  Tensor part = a[1];
  Tensor y = Double_::apply(a);
  BOOST_TEST(y.is_same(a));
  (a * a).sum().backward();
  BOOST_TEST(equal(x.grad(), tensor({72.0, 144.0}, {.dtype = float64})));
  BOOST_TEST(part.grad_fn()->name() == "as_strided");

  Tensor b = x * 1;
  Tensor first = b[0];
  Double_::apply(first);
  BOOST_TEST(equal(grad({b.sum()}, {x})[0], tensor({2.0, 1.0}, {.dtype = float64})));

  BOOST_TEST(
      error_text([&] { Double_::apply(x); }) ==
      "Double_: cannot write to a leaf that requires grad; expected NoGradGuard or another tensor");
  BOOST_TEST(error_text([&] { NotReturned::apply(x * 1); }) ==
             "NotReturned: mark_dirty got a tensor of shape [2] that is not both an input and an "
             "output; expected "
             "forward to return the inputs that it changed");
}

BOOST_AUTO_TEST_CASE(input_passed_through) {
  Tensor x = tensor({1.0, 2.0}, checked);
  Tensor y = Reverse::apply(x);
  BOOST_TEST(x.is_leaf());
  BOOST_TEST(y.is_alias_of(x));
  BOOST_TEST(equal(grad({y.sum()}, {x})[0], tensor({-1.0, -1.0}, {.dtype = float64})));
}

BOOST_AUTO_TEST_CASE(view_that_was_returned_and_its_base_written) {
  Tensor x = tensor({1.0, 2.0}, checked);
  const std::string text =
      "Reverse: its output is a view whose base was written since; expected forward to return a "
      "clone()";
  Tensor base = x * 1, y = Reverse::apply(base), part = y[0];
  base.mul_(2);
  BOOST_TEST(error_text([&] { y.requires_grad(); }) == text);
  BOOST_TEST(error_text([&] { y * 2; }) == text);
  BOOST_TEST(error_text([&] { part * 2; }) == text);
  Tensor other = x * 1, z = Reverse::apply(other);
  z.mul_(2);  // through the view itself all is known
  BOOST_TEST(equal(grad({other.sum()}, {x})[0], tensor({-2.0, -2.0}, {.dtype = float64})));
}

BOOST_AUTO_TEST_CASE(mark_dirty_is_checked_and_counted_as_any_write) {
  auto text = [](const Tensor& x) { return error_text([&] { Double_::apply(x); }); };
  Tensor leaf = tensor({1.0, 2.0}, checked), base = leaf * 1, view, inner;
  BOOST_TEST(text(leaf[0]) ==
             "Double_: cannot write to a view of a leaf that requires grad; expected NoGradGuard "
             "or another tensor");
  {
    NoGradGuard no_grad;
    view = base[0];
  }
  BOOST_TEST(text(view) ==
             "Double_: cannot write to a view made under NoGradGuard; expected a view made while "
             "recording");
  Tensor plain = tensor({1.0, 2.0}, {.dtype = float64});
  int64_t version = plain.version();
  Double_::apply(plain);
  BOOST_TEST(plain.version() == version + 2);  // mul_, and what is not seen
  Tensor data = plain.data();
  Double_::apply(data);
  BOOST_TEST(plain.version() == version + 2);
}

BOOST_AUTO_TEST_CASE(outputs_without_gradient) {
  tensor_list y = Flat::apply(tensor({1.0}, checked));
  BOOST_TEST(y[0].requires_grad());
  BOOST_TEST(!y[1].requires_grad());
}

BOOST_AUTO_TEST_CASE(saved_output_makes_no_cycle) {
  Tensor x = tensor({0.5, -1.0}, checked);
  BOOST_TEST(
      gradcheck([](const Tensor& x) { return SavesOutput::apply(x); }, {x}, {.order = 2}).ok());
}

BOOST_AUTO_TEST_CASE(saved_values_are_guarded) {
  Tensor x = tensor({0.5, -1.0}, checked);
  Tensor y = SavesOutput::apply(x);
  y.mul_(2);
  BOOST_TEST(error_text([&] { y.sum().backward(); }) ==
             "SavesOutput: output 0 of shape [2], saved for backward, was overwritten by mul_; it "
             "is at version 1, "
             "expected version 0");
  Tensor a = x * 1;
  y = Swish::apply(a);
  a.add_(1);
  BOOST_TEST(error_text([&] { y.sum().backward(); }) ==
             "Swish: input 0 of shape [2], saved for backward, was overwritten by add_; it is at "
             "version 1, expected "
             "version 0");
  y = SavesOther::apply(x);
  SavesOther::other.exp_();
  BOOST_TEST(error_text([&] { y.sum().backward(); }) ==
             "SavesOther: saved value 0 of shape [2], saved for backward, was overwritten by exp_; "
             "it is at version "
             "1, expected version 0");
  SavesOther::other = {};
  y = Swish::apply(x).sum();
  y.backward();
  BOOST_TEST(error_text([&] { y.backward(); }) ==
             "Swish: its saved values were freed by an earlier backward; expected "
             "retain_graph=true there to run "
             "backward twice");
}

BOOST_AUTO_TEST_CASE(needs_input_grad) {
  Tensor a = tensor({1.0}, checked), b = tensor({1.0}, {.dtype = float64});
  Tensor y = NeedsOf::apply(a, 1, b);
  BOOST_TEST(NeedsOf::forward_needs == (std::vector<bool>{true, false}),
             boost::test_tools::per_element());
  y.backward();
  BOOST_TEST(NeedsOf::backward_needs == (std::vector<bool>{true, false}),
             boost::test_tools::per_element());
  b.requires_grad_();
  grad({NeedsOf::apply(a, 1, b)}, {b});
  BOOST_TEST(NeedsOf::backward_needs == (std::vector<bool>{false, true}),
             boost::test_tools::per_element());
  AutogradContext context;
  BOOST_TEST(error_text([&] { context.needs_input_grad(0); }) ==
             "needs_input_grad: there is no input 0; expected one of the function's 0");
  BOOST_TEST(error_text([&] { context.get_saved_variables(); }) ==
             "get_saved_variables: nothing is saved yet; expected a call from backward");
}

BOOST_AUTO_TEST_CASE(saved_data_of_another_kind) {
  autograd::SavedData value = 2.5;
  BOOST_TEST(error_text([&] { value.toInt(); }) ==
             "saved_data: the value is a double; expected an int");
  BOOST_TEST(error_text([&] { autograd::SavedData().toTensor(); }) ==
             "saved_data: the value is nothing; expected a tensor");
  BOOST_TEST(autograd::SavedData().isNone());
  BOOST_TEST(autograd::SavedData(tensor_list{Tensor()}).toTensorVector().size() == 1u);
  BOOST_TEST(autograd::SavedData(std::vector<double>{1, 2}).toDoubleVector().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
