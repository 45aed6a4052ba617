// The float32 kernels of convolution against the columns in float64.

#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "autograd/graph/grad_mode.h"
#include "autograd/kernels/conv_direct.h"
#include "autograd/kernels/conv_onednn.h"
#include "autograd/kernels/conv_winograd.h"
#include "autograd/kernels/parallel.h"
#include "autograd/kernels/reorder.h"
#include "autograd/kernels/winograd.h"
#include "autograd/tensor/blocks.h"
#include "autograd/tensor/factories.h"
#include "tests/support/max_difference.h"

using namespace taper;
using namespace taper::kernels;
using taper::test::max_difference;

namespace {

/// A geometry by all that decides it.
struct Case {
  int64_t batch, in;
  Int2 size;
  int64_t out;
  Int2 kernel;
  ConvOptions options = {};

  Shape x() const { return {batch, in, size.h, size.w}; }
  Shape w() const { return {out, in / options.groups, kernel.h, kernel.w}; }
  ConvGeometry geometry() const {
    const ConvOptions& o = options;
    ConvGeometry g{.batch = batch,
                   .in = in,
                   .out = out,
                   .groups = o.groups,
                   .x_size = size,
                   .y_size = {},
                   .kernel = kernel,
                   .stride = o.stride,
                   .padding = o.padding,
                   .dilation = o.dilation};
    g.y_size = {(size.h + 2 * o.padding.h - o.dilation.h * (kernel.h - 1) - 1) / o.stride.h + 1,
                (size.w + 2 * o.padding.w - o.dilation.w * (kernel.w - 1) - 1) / o.stride.w + 1};
    return g;
  }
};

std::string describe(const Case& c, int pass) {
  const ConvOptions& o = c.options;
  return "pass " + std::to_string(pass) + " of x " + to_string(c.x()) + ", w " + to_string(c.w()) +
         ", stride " + to_string({o.stride.h, o.stride.w}) + ", padding " +
         to_string({o.padding.h, o.padding.w}) + ", dilation " +
         to_string({o.dilation.h, o.dilation.w}) + ", groups " + std::to_string(o.groups);
}

struct Data {
  Tensor x, w, b, dy;

  explicit Data(const Case& c)
      : x(randn(c.x())), w(randn(c.w())), b(randn({c.out})), dy(randn(y_shape(c))) {}
  static Shape y_shape(const Case& c) {
    ConvGeometry g = c.geometry();
    return {g.batch, g.out, g.y_size.h, g.y_size.w};
  }
};

using Passes = std::array<Tensor, 3>;  ///< y, dx, dw

/// All three by the ops, in the type asked for.
Passes by_ops(const Case& c, const Data& d, Dtype type) {
  Tensor x = d.x.to(type), w = d.w.to(type), b = d.b.to(type), dy = d.dy.to(type);
  return {conv2d(x, w, b, c.options), conv2d_input(dy, w, c.x(), c.options),
          conv2d_weight(dy, x, c.w(), c.options)};
}

/// The same in float32 from x, dy or both in blocks, where their channels fill them.
std::vector<Passes> from_blocks(const Case& c, const Data& d) {
  auto blocked = [](const Tensor& t) { return t.size(1) % 16 ? t : copied_to_blocks(t, 16); };
  std::vector<Passes> out;
  for (auto [x_in_blocks, dy_in_blocks] : {std::pair(true, false), {false, true}, {true, true}}) {
    Data given = d;
    if (x_in_blocks) given.x = blocked(d.x);
    if (dy_in_blocks) given.dy = blocked(d.dy);
    out.push_back(by_ops(c, given, float32));
  }
  return out;
}

Passes empty_passes(const Case& c) {
  return {full(Data::y_shape(c), NAN), full(c.x(), NAN), full(c.w(), NAN)};
}

Passes by_direct(const Case& c, const Data& d) {
  ConvGeometry g = c.geometry();
  Passes out = empty_passes(c);
  auto scratch = [&](ConvPass pass) { return std::vector<char>(size_t(direct_scratch(g, pass))); };
  auto at = [](const Tensor& t) { return t.data_ptr<float>(); };
  direct_conv2d(g, at(d.x), at(d.w), at(d.b), at(out[0]), scratch(ConvPass::forward).data());
  direct_conv2d_input(g, at(d.dy), at(d.w), at(out[1]), scratch(ConvPass::input).data());
  direct_conv2d_weight(g, at(d.dy), at(d.x), at(out[2]), scratch(ConvPass::weight).data());
  return out;
}

Passes by_onednn(const Case& c, const Data& d) {
  ConvGeometry g = c.geometry();
  Passes out = empty_passes(c);
  auto run = [&](ConvPass pass, const Tensor& x, const Tensor& w, const Tensor& b,
                 const Tensor& y) {
    BOOST_REQUIRE(onednn_has(g, pass, b.defined()));
    std::vector<char> scratch(size_t(onednn_scratch(g, pass, b.defined())));
    onednn_conv(g, pass, {},
                {x.data_ptr<float>(), w.data_ptr<float>(),
                 b.defined() ? b.data_ptr<float>() : nullptr, y.data_ptr<float>()},
                scratch.data());
  };
  run(ConvPass::forward, d.x, d.w, d.b, out[0]);
  run(ConvPass::input, out[1], d.w, {}, d.dy);
  run(ConvPass::weight, d.x, out[2], {}, d.dy);
  return out;
}

Passes by_winograd(const Case& c, const Data& d) {
  ConvGeometry g = c.geometry();
  Passes out = empty_passes(c);
  auto run = [&](ConvPass pass, const Tensor& x, const Tensor& w, float* b, const Tensor& y) {
    std::vector<char> scratch(size_t(winograd_scratch(g, pass, {})));
    winograd_conv(g, pass, {}, {x.data_ptr<float>(), w.data_ptr<float>(), b, y.data_ptr<float>()},
                  scratch.data());
  };
  Tensor y = empty(Data::y_shape(c)), dx = empty(c.x());
  run(ConvPass::forward, d.x, d.w, d.b.data_ptr<float>(), y);
  run(ConvPass::input, dx, d.w, nullptr, d.dy);
  run(ConvPass::weight, d.x, out[2], nullptr, d.dy);
  auto from_blocks = [](const Tensor& t, const Tensor& plain) {
    kernels::from_blocks({t.size(0), t.size(1), t.size(2) * t.size(3), 16}, size_t(t.nbytes()),
                         t.data_ptr<float>(), plain.data_ptr<float>());
  };
  from_blocks(y, out[0]);
  from_blocks(dx, out[1]);
  return out;
}

double largest(const Tensor& t) { return t.numel() ? t.abs().max().item<double>() : 0; }

void check(const Case& c, const Passes& got, const Passes& exact, double bound) {
  for (int k = 0; k < 3; ++k) {
    const Tensor& e = exact[size_t(k)];
    double error = max_difference(got[size_t(k)].to(float64), e);
    BOOST_TEST(error <= bound * std::max(largest(e), 1.0), describe(c, k) << ": " << error);
  }
}

Case random_case(std::mt19937& random, int most_channels) {
  auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  int64_t groups = draw(1, 3);
  Case c{.batch = draw(1, 3),
         .in = groups * draw(1, most_channels),
         .size = {},
         .out = groups * draw(1, most_channels),
         .kernel = {draw(1, 4), draw(1, 4)}};
  c.options = {.stride = {draw(1, 3), draw(1, 3)},
               .padding = {draw(0, 2), draw(0, 2)},
               .dilation = {draw(1, 2), draw(1, 2)},
               .groups = groups};
  auto size = [&](int64_t kernel, int64_t dilation, int64_t padding) {
    return std::max<int64_t>(dilation * (kernel - 1) + 1 - 2 * padding, 1) + draw(0, 20);
  };
  const ConvOptions& o = c.options;
  c.size = {size(c.kernel.h, o.dilation.h, o.padding.h),
            size(c.kernel.w, o.dilation.w, o.padding.w)};
  return c;
}

/// Geometries of networks: Winograd's, strided, first layers, depthwise, 1 x 1, odd, tiny.
std::vector<Case> networks() {
  return {{2, 64, 16, 64, 3, {.padding = 1}},
          {3, 64, 13, 32, 3, {.padding = 1}},
          {4, 96, 9, 80, 3, {.padding = 0}},
          {8, 128, 8, 128, 3, {.padding = {1, 0}}},
          {2, 64, 17, 48, 3, {.stride = 2, .padding = 1}},
          {2, 3, 33, 32, 7, {.stride = 2, .padding = 3}},
          {4, 1, 28, 32, 3, {.padding = 1}},
          {3, 1, 8, 4, 3, {.padding = 1}},
          {1, 1, 1, 1, 1},
          {2, 48, 15, 48, 3, {.stride = 2, .padding = 1, .groups = 48}},
          {2, 32, 14, 64, 3, {.padding = 1, .groups = 2}},
          {2, 40, 7, 24, 1},
          {2, 40, 8, 24, 1, {.stride = 2}},
          {3, 40, 17, 24, 1},
          {3, 24, 20, 40, 1, {.stride = 2}},
          {2, 32, 9, 32, 1, {.groups = 2}},
          {1, 2, {5, 70}, 3, {2, 9}, {.padding = {0, 4}}},
          {0, 64, 8, 64, 3, {.padding = 1}},
          {0, 1, 8, 4, 3, {.padding = 1}},
          {2, 4, 6, 4, 3, {.padding = 5}},
          {3, 64, 9, 80, 3, {.padding = {2, 0}}},
          {16, 192, 4, 64, 3, {.padding = 1}},
          {9, 64, 17, 64, 3, {.padding = 1}}};
}

/// Threads and Winograd's switch as a test sets them, as they were afterwards.
struct Settings {
  int threads = get_num_threads();
  bool on = winograd();
  ~Settings() {
    set_num_threads(threads);
    set_winograd(on);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(conv_kernels)

BOOST_AUTO_TEST_CASE(networks_equal_float64) {
  NoGradGuard no_grad;
  Settings before;
  manual_seed(1);
  for (const Case& c : networks()) {
    Data d(c);
    Passes exact = by_ops(c, d, float64);
    for (bool on : {false, true})
      for (int threads : {1, 2}) {
        set_winograd(on);
        set_num_threads(threads);
        check(c, by_ops(c, d, float32), exact, on ? 2e-5 : 2e-6);
        for (const Passes& p : from_blocks(c, d)) check(c, p, exact, on ? 2e-5 : 2e-6);
      }
  }
}

BOOST_AUTO_TEST_CASE(winograds_kernels_equal_float64) {
  Settings before;
  manual_seed(4);
  for (const Case& c :
       {Case{1, 16, 1, 16, 3, {.padding = 1}}, Case{2, 16, {5, 11}, 32, 3, {.padding = {0, 2}}},
        Case{3, 48, {8, 6}, 16, 3, {.padding = {2, 1}}}, Case{5, 160, 7, 48, 3},
        Case{7, 16, 19, 32, 3, {.padding = 1}}}) {
    Data d(c);
    Passes exact = by_ops(c, d, float64);
    BOOST_TEST(winograd_has(c.geometry()));
    set_num_threads(1);
    Passes alone = by_winograd(c, d);
    check(c, alone, exact, 2e-5);
    set_num_threads(3);
    Passes together = by_winograd(c, d);
    check(c, together, exact, 2e-5);
    for (size_t k = 0; k < 2; ++k) BOOST_TEST(max_difference(alone[k], together[k]) == 0);
    BOOST_TEST(max_difference(by_winograd(c, d)[2], together[2]) == 0);
  }
  for (const Case& c :
       {Case{1, 16, 8, 16, 3, {.stride = 2}}, Case{1, 16, 8, 24, 3},
        Case{1, 16, 8, 16, 3, {.padding = 3}}, Case{1, 16, 8, 16, {3, 1}},
        Case{1, 32, 8, 32, 3, {.groups = 2}}, Case{1, 16, 8, 16, 3, {.dilation = 2}}})
    BOOST_TEST(!winograd_has(c.geometry()));
}

BOOST_AUTO_TEST_CASE(random_geometries_equal_float64) {
  NoGradGuard no_grad;
  Settings before;
  manual_seed(2);
  std::mt19937 random(2);
  for (int i = 0; i < 150; ++i) {
    Case c = random_case(random, i % 3 ? 5 : 24);
    set_num_threads(1 + i % 2);
    Data d(c);
    Passes exact = by_ops(c, d, float64);
    check(c, by_ops(c, d, float32), exact, 2e-6);
    check(c, by_direct(c, d), exact, 2e-6);
    bool narrow = c.options.padding.h < (c.kernel.h - 1) * c.options.dilation.h + 1 &&
                  c.options.padding.w < (c.kernel.w - 1) * c.options.dilation.w + 1;
    if (narrow) check(c, by_onednn(c, d), exact, 2e-6);
  }
}

BOOST_AUTO_TEST_CASE(large_work_on_two_threads) {
  NoGradGuard no_grad;
  Settings before;
  manual_seed(3);
  for (const Case& c : {Case{16, 1, 28, 32, 3, {.padding = 1}}, Case{9, 6, 30, 8, 5, {.stride = 2}},
                        Case{16, 32, 24, 32, 3, {.padding = 1}}}) {
    Data d(c);
    Passes exact = by_ops(c, d, float64);
    for (int threads : {1, 2}) {
      set_num_threads(threads);
      check(c, by_direct(c, d), exact, 4e-6);
      check(c, by_onednn(c, d), exact, 2e-5);
      Passes once = by_ops(c, d, float32), again = by_ops(c, d, float32);
      for (size_t k = 0; k < 3; ++k) BOOST_TEST(max_difference(once[k], again[k]) == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_weights_copy_is_kept_for_its_version) {
  Case c{2, 16, 8, 32, 3, {.padding = 1}};
  ConvGeometry g = c.geometry();
  Data d(c);
  std::vector<char> scratch(size_t(onednn_scratch(g, ConvPass::forward, false)));
  auto run = [&](WeightTag tag) {
    Tensor y = empty(Data::y_shape(c));
    onednn_conv(g, ConvPass::forward, {},
                {d.x.data_ptr<float>(), d.w.data_ptr<float>(), nullptr, y.data_ptr<float>()},
                scratch.data(), tag);
    return y;
  };
  Tensor first = run({1, 5});
  d.w.mul_(2);
  BOOST_TEST(max_difference(run({1, 5}), first) == 0);
  BOOST_TEST(max_difference(run({1, 6}), first * 2) == 0);
  BOOST_TEST(max_difference(run({}), first * 2) == 0);
  for (uint64_t other = 2; other < 12; ++other)
    BOOST_TEST(max_difference(run({other, 5}), first * 2) == 0);
  d.w.mul_(2);
  BOOST_TEST(max_difference(run({1, 6}), first * 4) == 0);  // its place was needed for others
}

BOOST_AUTO_TEST_CASE(several_threads_at_once) {
  Case c{2, 32, 12, 48, 3, {.padding = 1}};
  Data d(c);
  Passes alone = by_ops(c, d, float32);
  std::array<double, 4> worst = {};
  std::vector<std::thread> threads;
  for (double& w : worst)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        Passes again = by_ops(c, d, float32);
        for (size_t k = 0; k < 2; ++k) w = std::max(w, max_difference(again[k], alone[k]));
        w = std::max(w, max_difference(again[2], alone[2]) / largest(alone[2]));
      }
    });
  for (std::thread& t : threads) t.join();
  for (double w : worst) BOOST_TEST(w < 1e-5);
}

BOOST_AUTO_TEST_CASE(more_geometries_than_plans_are_held) {
  NoGradGuard no_grad;
  for (int round = 0; round < 2; ++round)
    for (int64_t width = 1; width <= 300; ++width) {
      Tensor y = conv2d(ones({1, 16, 1, width}), ones({16, 16, 1, 1}));
      BOOST_TEST(y.min().item<float>() == 16);
      BOOST_TEST(y.max().item<float>() == 16);
    }
}

BOOST_AUTO_TEST_SUITE_END()
