#include "nn/init/init.h"

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/golden/golden.h"
#include "tests/support/error_text.h"

namespace {

using namespace taper;
using namespace taper::nn;
using taper::test::error_text;

/// Compares with PyTorch's draws of that name.
void check(const char* name, const Tensor& t) {
  static const golden::json file = golden::read("nn.json");
  auto expected = file["init"][name].get<std::vector<double>>();
  BOOST_REQUIRE(int64_t(expected.size()) == t.numel());
  for (int64_t i = 0; i < t.numel(); ++i)
    BOOST_TEST(golden::close(t.data_ptr<float>()[i], expected[size_t(i)], 4e-6), name << " " << i);
}

Tensor fresh(IntList sizes) {
  manual_seed(3);
  return empty(sizes, {.requires_grad = true});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(initial_values)

BOOST_AUTO_TEST_CASE(draws_pytorchs_numbers) {
  check("uniform_", init::uniform_(fresh({5}), -0.5, 0.25));
  check("normal_", init::normal_(fresh({4, 5}), 1, 0.5));
  check("kaiming_uniform_", init::kaiming_uniform_(fresh({4, 3, 2}), 0, init::FanMode::fan_in,
                                                   init::Nonlinearity::relu));
  check("kaiming_uniform_fan_out",
        init::kaiming_uniform_(fresh({4, 3, 2}), 0.5, init::FanMode::fan_out));
  check("kaiming_normal_", init::kaiming_normal_(fresh({4, 6})));
  check("xavier_uniform_", init::xavier_uniform_(fresh({4, 6}), 2));
  check("xavier_normal_", init::xavier_normal_(fresh({4, 6})));
}

BOOST_AUTO_TEST_CASE(writes_in_place_and_unrecorded) {
  Tensor t = fresh({2, 2});
  Tensor same = init::ones_(t);
  BOOST_TEST(same.is_same(t));
  BOOST_TEST(t.is_leaf());
  BOOST_TEST(t.requires_grad());
  BOOST_TEST(init::constant_(t, 0.25)[1][1].item<double>() == 0.25);
  BOOST_TEST(init::zeros_(t)[0][1].item<double>() == 0);
}

BOOST_AUTO_TEST_CASE(fans_need_two_dimensions) {
  std::string expected = ": the tensor has shape [3]; expected 2 or more dimensions";
  Tensor t = zeros({3});
  BOOST_TEST(error_text([&] { init::kaiming_uniform_(t); }) == "kaiming_uniform_" + expected);
  BOOST_TEST(error_text([&] { init::kaiming_normal_(t); }) == "kaiming_normal_" + expected);
  BOOST_TEST(error_text([&] { init::xavier_uniform_(t); }) == "xavier_uniform_" + expected);
  BOOST_TEST(error_text([&] { init::xavier_normal_(t); }) == "xavier_normal_" + expected);
  BOOST_TEST(error_text([&] { init::fans(t); }) == "fans" + expected);
  BOOST_TEST(init::fans(zeros({6, 2, 3, 2})).in == 12);
  BOOST_TEST(init::fans(zeros({6, 2, 3, 2})).out == 36);
  BOOST_TEST(init::calculate_gain(init::Nonlinearity::tanh) == 5.0 / 3);
}

BOOST_AUTO_TEST_SUITE_END()
