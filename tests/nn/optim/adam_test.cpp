#include "nn/optim/adam.h"

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "nn/layers/linear.h"
#include "nn/optim/sgd.h"
#include "tests/golden/golden.h"
#include "tests/support/error_text.h"

namespace {

using namespace taper;
using taper::test::error_text;

template <class Options>
Options options_of(const golden::json& o) {
  Options options;
  options.lr = o.value("lr", options.lr);
  options.eps = o.value("eps", options.eps);
  options.weight_decay = o.value("weight_decay", options.weight_decay);
  options.amsgrad = o.value("amsgrad", false);
  if (o.contains("betas"))
    options.betas = {o["betas"][0].get<double>(), o["betas"][1].get<double>()};
  return options;
}

Tensor leaf(const std::vector<double>& values, Dtype dtype = float64) {
  return tensor(values, {.dtype = dtype, .requires_grad = true});
}

template <class Optimizer, class Options>
void check_steps(const char* name, Dtype dtype) {
  golden::json file = golden::read("layers.json");
  for (const auto& run : file[name]) {
    Tensor w = leaf(file["start"].get<std::vector<double>>(), dtype);
    Optimizer optimizer({w}, options_of<Options>(run["options"]));
    for (size_t i = 0; i < run["steps"].size(); ++i) {
      const auto& g = file["gradients"][i];
      w.mutable_grad() =
          g.is_null() ? Tensor() : tensor(g.get<std::vector<double>>(), {.dtype = dtype});
      optimizer.step();
      for (int64_t k = 0; k < w.numel(); ++k)
        BOOST_TEST(golden::close(w[k].template item<double>(), run["steps"][i][size_t(k)],
                                 dtype == float64 ? 1e-14 : 1e-6),
                   run["options"].dump() << " step " << i);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adam)

BOOST_AUTO_TEST_CASE(steps_as_pytorch) {
  for (Dtype dtype : {float32, float64}) {
    check_steps<optim::Adam, optim::AdamOptions>("adam", dtype);
    check_steps<optim::AdamW, optim::AdamWOptions>("adamw", dtype);
  }
}

BOOST_AUTO_TEST_CASE(has_pytorchs_defaults) {
  Tensor w = leaf({3});
  optim::Adam adam({w});
  BOOST_TEST(adam.get_lr() == 1e-3);
  BOOST_TEST((adam.defaults().betas == std::tuple(0.9, 0.999)));
  BOOST_TEST(adam.defaults().eps == 1e-8);
  BOOST_TEST(adam.defaults().weight_decay == 0);
  BOOST_TEST(optim::AdamW({w}).defaults().weight_decay == 1e-2);
}

BOOST_AUTO_TEST_CASE(groups_have_their_own_options) {
  Tensor a = leaf({1}), b = leaf({1});
  optim::Adam adam({{{a}, {.lr = 0.5}}, {{b}}}, {.lr = 0.1, .betas = {0.5, 0.9}});
  BOOST_TEST((adam.param_groups()[0].options.betas == std::tuple(0.5, 0.9)));
  a.mutable_grad() = ones_like(a);
  b.mutable_grad() = ones_like(b);
  adam.step();
  BOOST_TEST(a.item<double>() == 0.5, boost::test_tools::tolerance(1e-7));
  BOOST_TEST(b.item<double>() == 0.9, boost::test_tools::tolerance(1e-7));
  adam.set_lr(0);
  adam.step();
  BOOST_TEST(b.item<double>() == 0.9, boost::test_tools::tolerance(1e-7));
  adam.zero_grad();
  adam.step();  // nothing to do
}

BOOST_AUTO_TEST_CASE(learns) {
  Tensor w = leaf({3, -2});
  optim::AdamW adamw({w}, {.lr = 0.1});
  for (int i = 0; i < 200; ++i) {
    adamw.zero_grad();
    (w * w).sum().backward();
    adamw.step();
  }
  BOOST_TEST((w * w).sum().item<double>() < 1e-2);
}

BOOST_AUTO_TEST_CASE(refuses_options_and_parameters) {
  Tensor w = leaf({3});
  auto text = [&](const optim::AdamOptions& o) { return error_text([&] { optim::Adam({w}, o); }); };
  BOOST_TEST(text({.lr = -1}) == "Adam: lr is -1; expected 0 or more");
  BOOST_TEST(text({.betas = {0.9, 1}}) ==
             "Adam: betas are 0.9 and 1; expected 0 or more and below 1");
  BOOST_TEST(text({.betas = {-0.5, 0.9}}) ==
             "Adam: betas are -0.5 and 0.9; expected 0 or more and below 1");
  BOOST_TEST(text({.eps = -1}) == "Adam: eps is -1; expected 0 or more");
  BOOST_TEST(text({.weight_decay = -2}) == "Adam: weight_decay is -2; expected 0 or more");
  BOOST_TEST(error_text([&] { optim::AdamW({w}, {.lr = -1}); }) ==
             "AdamW: lr is -1; expected 0 or more");
  BOOST_TEST(error_text([&] { optim::AdamW({w * 2}); }) ==
             "AdamW: can't optimize a non-leaf Tensor: parameter 0 is an output of mul; expected a "
             "leaf");
  w.mutable_grad() = zeros({2});
  BOOST_TEST(error_text([&] { optim::Adam({w}).step(); }) ==
             "adam_step_: the gradient is float32 of shape [2]; expected the parameter's float64 "
             "of shape [1]");
}

BOOST_AUTO_TEST_CASE(state_follows_the_type_of_its_parameter) {
  nn::Linear layer({.in_features = 2, .out_features = 1});
  optim::Adam adam(layer.parameters());
  optim::SGD sgd(layer.parameters(), {.lr = 0.1, .momentum = 0.9});
  for (Dtype d : {float32, float64}) {
    layer.to(d);
    layer.zero_grad();
    layer(ones({3, 2}, {.dtype = d})).sum().backward();
    adam.step();
    sgd.step();
    BOOST_TEST(layer.weight.dtype() == d);
  }
}

BOOST_AUTO_TEST_SUITE_END()
