#include "nn/optim/sgd.h"

#include <boost/test/unit_test.hpp>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "tests/golden/golden.h"
#include "tests/support/error_text.h"

namespace {

using namespace taper;
using taper::test::error_text;

optim::SGDOptions options_of(const golden::json& o) {
  return {.lr = o.value("lr", 0.0),
          .momentum = o.value("momentum", 0.0),
          .dampening = o.value("dampening", 0.0),
          .weight_decay = o.value("weight_decay", 0.0),
          .nesterov = o.value("nesterov", false)};
}

Tensor leaf(const std::vector<double>& values, Dtype dtype = float64) {
  return tensor(values, {.dtype = dtype, .requires_grad = true});
}

double at(const Tensor& t, int64_t i) { return t[i].item<double>(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(sgd)

BOOST_AUTO_TEST_CASE(steps_as_pytorch) {
  golden::json file = golden::read("nn.json")["sgd"];
  for (const auto& run : file["runs"])
    for (Dtype dtype : {float32, float64}) {
      Tensor w = leaf(file["start"].get<std::vector<double>>(), dtype);
      optim::SGD sgd({w}, options_of(run["options"]));
      for (size_t i = 0; i < run["steps"].size(); ++i) {
        const auto& g = file["gradients"][i];
        w.mutable_grad() =
            g.is_null() ? Tensor() : tensor(g.get<std::vector<double>>(), {.dtype = dtype});
        sgd.step();
        for (int64_t k = 0; k < w.numel(); ++k)
          BOOST_TEST(
              golden::close(at(w, k), run["steps"][i][size_t(k)], dtype == float64 ? 1e-14 : 1e-6),
              run["options"].dump() << " step " << i);
      }
    }
}

BOOST_AUTO_TEST_CASE(writes_the_memory_that_the_parameter_has) {
  Tensor all = tensor({{1.0, 2.0}, {3.0, 4.0}});
  Tensor column = all.select(1, 0).detach().requires_grad_();
  column.mutable_grad() = ones({2});
  optim::SGD sgd({column}, {.lr = 1, .momentum = 0.5});
  sgd.step();
  BOOST_TEST(at(all[0], 0) == 0);
  BOOST_TEST(at(all[1], 0) == 2);
  BOOST_TEST(at(all[1], 1) == 4);
}

BOOST_AUTO_TEST_CASE(groups_have_their_own_options) {
  Tensor a = leaf({1, 1}), b = leaf({1, 1});
  optim::SGD sgd({{{a}, {.lr = 0.5}}, {{b}}}, {.lr = 0.1, .weight_decay = 1});
  BOOST_TEST(sgd.param_groups()[0].options.weight_decay == 1);
  a.mutable_grad() = zeros_like(a);
  b.mutable_grad() = zeros_like(b);
  sgd.step();
  BOOST_TEST(at(a, 0) == 0.5);
  BOOST_TEST(at(b, 0) == 0.9);
  BOOST_TEST(sgd.get_lr(1) == 0.1);
  sgd.set_lr(0.25);
  BOOST_TEST(sgd.get_lr(0) == 0.25);
  sgd.param_groups()[0].options.lr = 0;
  sgd.step();
  BOOST_TEST(at(a, 0) == 0.5);
  Tensor frozen = leaf({2});
  sgd.add_param_group({{frozen}, {.lr = 0}});
  BOOST_TEST(sgd.get_lr(2) == 0);
  BOOST_TEST(sgd.parameters().size() == 3u);
  BOOST_TEST(sgd.groups() == 3u);
  BOOST_CHECK_THROW(sgd.get_lr(5), IndexError);
  BOOST_TEST(error_text([&] { sgd.get_lr(5); }) == "SGD: there is no group 5; expected below 3");
  static_assert(!std::is_copy_constructible_v<optim::SGD>);
}

BOOST_AUTO_TEST_CASE(a_closure_gives_the_loss) {
  Tensor w = leaf({3});
  optim::SGD sgd({w}, {.lr = 0.5});
  NoGradGuard no_grad;
  Tensor loss = sgd.step([&] {
    sgd.zero_grad();
    Tensor l = (w * w).sum();
    l.backward();
    return l;
  });
  BOOST_TEST(loss.item<double>() == 9);
  BOOST_TEST(at(w, 0) == 0);
}

BOOST_AUTO_TEST_CASE(zero_grad_undefines_or_zeroes) {
  Tensor w = leaf({3});
  optim::SGD sgd({w}, {.lr = 0.5});
  w.mutable_grad() = ones_like(w);
  sgd.zero_grad(false);
  BOOST_TEST(at(w.grad(), 0) == 0);
  sgd.zero_grad();
  BOOST_TEST(!w.grad().defined());
  sgd.step();
  BOOST_TEST(at(w, 0) == 3);
}

BOOST_AUTO_TEST_CASE(a_write_between_forward_and_backward_is_an_error) {
  Tensor w = leaf({3});
  w.mutable_grad() = ones_like(w);
  Tensor loss = (w * w).sum();
  optim::SGD({w}, {.lr = 0.5}).step();
  BOOST_TEST(error_text([&] { loss.backward(); }).find("sgd_step_") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(refuses_options_and_parameters) {
  Tensor w = leaf({3});
  auto text = [&](const optim::SGDOptions& o) { return error_text([&] { optim::SGD({w}, o); }); };
  BOOST_TEST(text({.lr = -1}) == "SGD: lr is -1; expected 0 or more");
  BOOST_TEST(text({.lr = 1, .momentum = -0.5}) == "SGD: momentum is -0.5; expected 0 or more");
  BOOST_TEST(text({.lr = 1, .weight_decay = -2}) == "SGD: weight_decay is -2; expected 0 or more");
  BOOST_TEST(text({.lr = 1, .nesterov = true}) ==
             "SGD: nesterov with momentum 0 and dampening 0; expected momentum above 0 and "
             "dampening 0");
  BOOST_TEST(
      error_text([&] {
        optim::SGD({w, w * 2}, {.lr = 1});
      }) ==
      "SGD: can't optimize a non-leaf Tensor: parameter 1 is an output of mul; expected a leaf");
  BOOST_TEST(error_text([&] { optim::SGD({Tensor()}, {.lr = 1}); }) ==
             "SGD: parameter 0 is undefined; expected a tensor with values");
  w.mutable_grad() = zeros({2});
  BOOST_TEST(error_text([&] { optim::SGD({w}, {.lr = 1}).step(); }) ==
             "sgd_step_: the gradient is float32 of shape [2]; expected the parameter's float64 of "
             "shape [1]");
  Tensor ints = tensor({1, 2}), number = tensor(1.0, {.dtype = float64});
  BOOST_TEST(error_text([&] { sgd_step_(ints, ints, {}, number, tensor(0), 0, 0, 0, false); }) ==
             "sgd_step_: the parameter is int64; expected a floating type");
}

BOOST_AUTO_TEST_SUITE_END()
