#include <taper.h>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "tests/support/error_text.h"

namespace {

using namespace taper;
using taper::test::error_text;

bool equal(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && a.ne(b).sum().item<int64_t>() == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sequential)

BOOST_AUTO_TEST_CASE(runs_its_layers_in_order) {
  nn::Linear first({.in_features = 4, .out_features = 3});
  nn::Sequential net(first, nn::ReLU(), nn::Linear({.in_features = 3, .out_features = 2}));
  net.push_back("last", nn::Tanh());
  BOOST_TEST(net.size() == 4u);
  Tensor y = net(randn({5, 4}));
  BOOST_TEST(y.sizes() == IntList({5, 2}));
  BOOST_TEST(y.grad_fn()->path()->full == "last");
  std::string names;
  for (auto& [name, p] : net.named_parameters()) names += name + " ";
  BOOST_TEST(names == "0.weight 0.bias 2.weight 2.bias ");
  BOOST_TEST(net.parameters()[0].is_same(first.weight));
  BOOST_TEST(fmt::format("{}", net) ==
             "Sequential(\n  (0): Linear(4, 3), 15 parameters\n  (1): ReLU()\n"
             "  (2): Linear(3, 2), 8 parameters\n  (last): Tanh()\n), 23 parameters");
}

BOOST_AUTO_TEST_CASE(copies_share_and_clones_do_not) {
  struct Net : nn::Layer<Net> {
    nn::Sequential body = register_module("body", nn::Sequential());
    Net() { body.push_back(nn::Linear({.in_features = 2, .out_features = 2})); }
    Tensor forward(const Tensor& x) { return body(x); }
  } net;
  Net same = net, own = net.clone();
  same.body.push_back(nn::ReLU());
  BOOST_TEST(net.body.size() == 2u);
  BOOST_TEST(own.body.size() == 1u);
  Tensor x = ones({1, 2});
  Tensor before = own(x).detach().clone();
  for (const Tensor& p : net.parameters()) nn::init::zeros_(p);
  BOOST_TEST(equal(own(x), before));
  for (const Tensor& p : own.parameters()) nn::init::zeros_(p);
  BOOST_TEST(own(x).sum().item<double>() == 0);
}

BOOST_AUTO_TEST_CASE(what_is_replaced_or_taken_out_no_longer_runs) {
  nn::Sequential net{nn::ReLU(), nn::Sigmoid()};
  Tensor x = tensor({-1.0, 2.0});
  net.replace_module("1", nn::Tanh());
  BOOST_TEST(equal(net(x), tanh(relu(x))));
  net.unregister_module("0");
  BOOST_TEST(equal(net(x), tanh(x)));
  BOOST_TEST(net.size() == 1u);
  net.push_back(nn::ReLU());  // "1" is taken
  net.register_module("last", nn::Sigmoid());
  BOOST_TEST(fmt::format("{}", net) ==
             "Sequential(\n  (1): Tanh()\n  (2): ReLU()\n  (last): Sigmoid()\n)");
  BOOST_TEST(equal(net(x), sigmoid(relu(tanh(x)))));
  nn::Sequential own = net.clone();
  net.unregister_module("last");
  BOOST_TEST(equal(own(x), sigmoid(relu(tanh(x)))));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_run_is_refused) {
  nn::Sequential net{nn::ReLU()};
  nn::Module& plain = net;
  BOOST_TEST(error_text([&] { plain.register_module("1", nn::ReLU()); }) ==
             "register_module: Sequential cannot tell how \"1\" runs; expected the call on a "
             "Sequential, not on a Module");
  BOOST_TEST(error_text([&] { plain.replace_module("0", nn::Tanh()); }) ==
             "replace_module: Sequential cannot tell how \"0\" runs; expected the call on a "
             "Sequential, not on a Module");
  BOOST_TEST(equal(net(ones({2})), ones({2})));
}

BOOST_AUTO_TEST_CASE(changed_options_run) {
  nn::Sequential net{nn::MaxPool2d({.kernel_size = 2})};
  net.apply([](nn::Module& m) {
    if (auto* pool = m.as<nn::MaxPool2d>()) pool->options.stride = 1;
  });
  BOOST_TEST(net(ones({1, 1, 4, 4})).sizes() == IntList({1, 1, 3, 3}));
}

BOOST_AUTO_TEST_CASE(nests_and_refuses_to_run_empty) {
  nn::Sequential inner{nn::ReLU(), nn::Tanh()};
  nn::Sequential outer(inner, nn::Sigmoid());
  BOOST_TEST(outer.size() == 2u);
  BOOST_TEST(nn::Sequential(inner).size() == 2u);
  BOOST_TEST(error_text([] { nn::Sequential()(zeros({1})); }) ==
             "Sequential: it has no layers; expected push_back before forward");
  BOOST_TEST(error_text([&] { inner.push_back("0", nn::ReLU()); }) ==
             "push_back: \"0\" is registered in Sequential already; expected another name");
}

BOOST_AUTO_TEST_SUITE_END()
