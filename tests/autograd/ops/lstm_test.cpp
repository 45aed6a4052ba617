#include <boost/test/unit_test.hpp>

#include "autograd/gradcheck/gradcheck.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"
#include "tests/support/max_difference.h"

using namespace taper;
using taper::test::error_text;
using taper::test::max_difference;

namespace {

Tensor leaf(IntList sizes) { return randn(sizes, {.dtype = float64, .requires_grad = true}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(lstm_op)

BOOST_AUTO_TEST_CASE(reverse_is_the_same_on_flipped_time) {
  Tensor z = leaf({4, 2, 12}), h0 = leaf({2, 3}), c0 = leaf({2, 3}), w = leaf({12, 3});
  auto [h, c, gates] = lstm_steps(z, h0, c0, w, true);
  auto [flipped_h, flipped_c, flipped_gates] = lstm_steps(z.flip(0), h0, c0, w);
  BOOST_TEST(max_difference(h, flipped_h.flip(0)) == 0);
  BOOST_TEST(max_difference(c, flipped_c.flip(0)) == 0);
  BOOST_TEST(max_difference(gates, flipped_gates.flip(0)) == 0);
}

BOOST_AUTO_TEST_CASE(two_halves_are_the_whole) {
  Tensor x = leaf({6, 2, 3}), h = leaf({1, 2, 4}), c = leaf({1, 2, 4});
  tensor_list params{leaf({16, 3}), leaf({16, 4}), leaf({16}), leaf({16})};
  auto run = [&](const Tensor& x, const Tensor& h, const Tensor& c) {
    return lstm(x, {h, c}, params, true, 1, 0, true, false, false);
  };
  auto [y, h_n, c_n] = run(x, h, c);
  auto [first, h_half, c_half] = run(x.narrow(0, 0, 3), h, c);
  auto [second, h_end, c_end] = run(x.narrow(0, 3, 3), h_half, c_half);
  BOOST_TEST(max_difference(y, cat({first, second})) < 1e-15);
  BOOST_TEST(max_difference(h_n, h_end) < 1e-15);
  BOOST_TEST(max_difference(c_n, c_end) < 1e-15);
  tensor_list leaves = params;
  leaves.insert(leaves.end(), {x, h, c});
  tensor_list whole = grad({(c_n * c_n).sum() + y.sum()}, leaves),
              halves = grad({(c_end * c_end).sum() + first.sum() + second.sum()}, leaves);
  for (size_t i = 0; i < leaves.size(); ++i)
    BOOST_TEST(max_difference(whole[i], halves[i]) < 1e-13);
}

BOOST_AUTO_TEST_CASE(formulas_equal_the_kernels) {
  for (bool reverse : {false, true}) {
    tensor_list x{leaf({5, 3, 16}), leaf({3, 4}), leaf({3, 4}), leaf({16, 4})};
    auto [h, c, gates] = lstm_steps(x[0], x[1], x[2], x[3], reverse);
    for (const tensor_list& y : {tensor_list{h}, tensor_list{c}, tensor_list{h, c, gates}}) {
      tensor_list dy;
      for (const Tensor& t : y) dy.push_back(randn(t.sizes(), {.dtype = float64}));
      tensor_list fast = grad(y, x, dy, {.retain_graph = true}), written;
      {
        FormulaGuard formulas;
        written = grad(y, x, dy, {.retain_graph = true});
      }
      for (size_t i = 0; i < x.size(); ++i) BOOST_TEST(max_difference(fast[i], written[i]) < 1e-13);
    }
  }
}

BOOST_AUTO_TEST_CASE(third_order_holds) {
  Tensor z = leaf({2, 1, 4}), h0 = leaf({1, 1}), c0 = leaf({1, 1}), w = leaf({4, 1});
  auto slope = [&](const Tensor& z, const Tensor& w) {
    auto [h, c, gates] = lstm_steps(z, h0, c0, w);
    return grad({(h * h).sum() + c.sum()}, {z}, {}, {.create_graph = true})[0];
  };
  BOOST_TEST(gradcheck(slope, {z, w}, {.order = 2}).ok());
}

BOOST_AUTO_TEST_CASE(dropout_runs_between_layers_in_training) {
  Tensor x = randn({3, 2, 2}), state = zeros({2, 2, 4});
  tensor_list params{randn({16, 2}), randn({16, 4}), randn({16, 4}), randn({16, 4})};
  auto run = [&](double dropout, bool train, int64_t layers) {
    tensor_list p(params.begin(), params.begin() + 2 * layers);
    Tensor s = state.narrow(0, 0, layers);
    return std::get<0>(lstm(x, {s, s}, p, false, layers, dropout, train, false, false));
  };
  BOOST_TEST(max_difference(run(0.5, false, 2), run(0, true, 2)) == 0);
  BOOST_TEST(max_difference(run(0.5, true, 1), run(0, true, 1)) == 0);
  BOOST_TEST(max_difference(run(0.5, true, 2), run(0, true, 2)) > 1e-3);
  params[2] = zeros({16, 4});
  BOOST_TEST(max_difference(run(1, true, 2), run(0, true, 2)) == 0);  // all is zeroed, or weighs 0
}

BOOST_AUTO_TEST_CASE(refuses) {
  Tensor z = zeros({3, 2, 8}), s = zeros({2, 2}), w = zeros({8, 2});
  BOOST_TEST(error_text([&] {
               lstm_steps(zeros({3, 2, 7}), s, s, w);
             }) == "lstm_steps: z has shape [3, 2, 7]; expected [T, N, 4 H]");
  BOOST_TEST(error_text([&] { lstm_steps(z.to(int64), s, s, w); }) ==
             "lstm_steps: z is int64; expected a floating type");
  BOOST_TEST(error_text([&] {
               lstm_steps(z, zeros({3, 2}), s, w);
             }) == "lstm_steps: h0 has shape [3, 2]; expected [2, 2]");
  BOOST_TEST(error_text([&] { lstm_steps(z, s, s, w.to(float64)); }) ==
             "lstm_steps: w is float64; expected float32, the type of the rest");
  Tensor x = zeros({3, 2, 1}), state = zeros({1, 2, 2});
  auto text = [&](const Tensor& x, TensorList hx, TensorList params) {
    return error_text([&] { lstm(x, hx, params, false, 1, 0, true, false, false); });
  };
  BOOST_TEST(text(zeros({3, 2}), {state, state}, {zeros({8, 1}), w}) ==
             "lstm: input has shape [3, 2]; expected 3 dimensions");
  BOOST_TEST(text(x, {state}, {zeros({8, 1}), w}) == "lstm: 1 states; expected h_0 and c_0");
  BOOST_TEST(text(x, {state, s}, {zeros({8, 1}), w}) ==
             "lstm: a state of shape [2, 2]; expected [1, N, H]");
  BOOST_TEST(text(x, {state, state}, {w}) ==
             "lstm: 1 parameters; expected 2 for each of 1 layers and directions");
}

BOOST_AUTO_TEST_SUITE_END()
