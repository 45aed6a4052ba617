#include "nn/layers/recurrent.h"

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/nn/layers/golden_layers.h"
#include "tests/support/error_text.h"

using namespace taper;
using namespace taper::test;

namespace {

nn::LSTM made(const golden::json& run) {
  const golden::json& o = run["options"];
  manual_seed(run["seed"].get<uint64_t>());
  return nn::LSTM({.input_size = 2,
                   .hidden_size = 3,
                   .num_layers = o.value("num_layers", 1),
                   .bias = o.value("bias", true),
                   .batch_first = o.value("batch_first", false),
                   .bidirectional = o.value("bidirectional", false)});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lstm_layer)

BOOST_AUTO_TEST_CASE(runs_as_pytorchs) {
  for (const golden::json& run : layers_json()["lstm"]) BOOST_TEST_CONTEXT(run["options"]) {
      nn::LSTM net = made(run);
      std::vector<std::string> names;
      for (const auto& [name, p] : net.named_parameters()) names.push_back(name);
      BOOST_TEST(names == run["names"].get<std::vector<std::string>>(),
                 boost::test_tools::per_element());
      auto [y, state] = net(arange(12.0).reshape({3, 2, 2}) / 4 - 1);
      BOOST_TEST(y.sizes().vec() == run["shape"].get<std::vector<int64_t>>());
      check_values({y}, run["y"], 1e-6);
      check_values({std::get<0>(state)}, run["h"], 1e-6);
      check_values({std::get<1>(state)}, run["c"], 1e-6);
    }
}

BOOST_AUTO_TEST_CASE(draws_pytorchs_initial_values) {
  manual_seed(3);
  check_values(nn::LSTM({.input_size = 2, .hidden_size = 3}).parameters(),
               layers_json()["init"]["lstm"]);
  manual_seed(4);
  check_values(nn::LSTM({.input_size = 2,
                         .hidden_size = 3,
                         .num_layers = 2,
                         .bias = false,
                         .bidirectional = true})
                   .parameters(),
               layers_json()["init"]["lstm_both"]);
}

BOOST_AUTO_TEST_CASE(goes_on_from_a_state) {
  nn::LSTM net({.input_size = 2, .hidden_size = 3, .batch_first = true});
  Tensor x = randn({4, 5, 2});
  auto [y, state] = net(x);
  auto [first, half] = net(x.narrow(1, 0, 2));
  auto [second, end] = net(x.narrow(1, 2, 3), half);
  check_values({cat({first, second}, 1)}, values(y), 1e-6);
  check_values({std::get<0>(end)}, values(std::get<0>(state)), 1e-6);
  y.sum().backward();
  for (const Tensor& p : net.parameters()) BOOST_TEST(p.grad().defined());
}

BOOST_AUTO_TEST_CASE(clones_have_their_own_parameters) {
  nn::LSTM net({.input_size = 2, .hidden_size = 3});
  nn::LSTM copy = net.clone();
  Tensor x = randn({2, 1, 2});
  Tensor before = std::get<0>(copy(x));
  for (const Tensor& p : net.parameters()) p.data().zero_();
  BOOST_TEST(equal(std::get<0>(copy(x)), before));
}

BOOST_AUTO_TEST_CASE(prints_and_refuses) {
  BOOST_TEST(fmt::format("{}", nn::LSTM({.input_size = 2,
                                         .hidden_size = 3,
                                         .num_layers = 2,
                                         .dropout = 0.5,
                                         .bidirectional = true})) ==
             "LSTM(2, 3, num_layers=2, dropout=0.5, bidirectional=true)");
  BOOST_TEST(error_text([] { nn::LSTM({.input_size = 0, .hidden_size = 3}); }) ==
             "LSTM: input_size is 0; expected 1 or more");
  BOOST_TEST(error_text([] { nn::LSTM({.input_size = 1, .hidden_size = 3, .num_layers = 0}); }) ==
             "LSTM: num_layers is 0; expected 1 or more");
  BOOST_TEST(error_text([] { nn::LSTM({.input_size = 1, .hidden_size = 3, .dropout = 1.5}); }) ==
             "LSTM: dropout is 1.5; expected 0 to 1");
  nn::LSTM net({.input_size = 2, .hidden_size = 3});
  BOOST_TEST(error_text([&] {
               net(zeros({4, 2}));
             }) == "LSTM: input has shape [4, 2]; expected [T, N, 2]");
  BOOST_TEST(error_text([&] {
               net(zeros({4, 1, 2}), nn::LSTM::State(zeros({1, 2, 3}), zeros({1, 1, 3})));
             }) == "LSTM: h_0 has shape [1, 2, 3]; expected [1, 1, 3]");
}

BOOST_AUTO_TEST_SUITE_END()
