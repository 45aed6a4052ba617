#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "autograd/tensor/sanitizer.h"
#include "taper.h"

namespace {

using namespace taper;

/// The report's network for digits.
struct Digits : nn::Layer<Digits> {
  nn::Conv2d conv = register_module(
      "conv", nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3, .padding = 1}));
  nn::Dense hidden = register_module("hidden", nn::Dense({.in_features = 64, .out_features = 32}));
  nn::Dense out = register_module("out", nn::Dense({.in_features = 32, .out_features = 10}));
  Tensor forward(const Tensor& x) {
    return out(relu(hidden(max_pool2d(relu(conv(x)), 2).flatten(1))));
  }
};

struct Training {
  Digits net;
  optim::SGD sgd{net.parameters(), {.lr = 0.1, .momentum = 0.9}};
  Tensor x, y;

  explicit Training(int64_t batch) : x(rand({batch, 1, 8, 8})), y(randint(0, 10, {batch})) {}

  void step() {
    sgd.zero_grad();
    cross_entropy(net(x), y).backward();
    sgd.step();
  }
};

/// Bytes of the process that lie in memory.
int64_t resident_bytes() {
  int64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_level)

BOOST_AUTO_TEST_CASE(a_step_after_the_first_asks_the_system_for_nothing,
                     *boost::unit_test::enable_if<!sanitized>()) {
  Training training(64);
  training.step();
  int64_t requests = memory::stats().requests;
  for (int i = 0; i < 20; ++i) training.step();
  BOOST_TEST(memory::stats().requests == requests);
}

BOOST_AUTO_TEST_CASE(ten_thousand_steps_hold_their_level) {
  Training training(8);
  for (int i = 0; i < 100; ++i) training.step();
  memory::Stats before = memory::stats();
  int64_t resident = resident_bytes();
  for (int i = 0; i < 10000; ++i) training.step();
  memory::Stats after = memory::stats();
  BOOST_TEST(after.current == before.current);
  BOOST_TEST(after.peak == before.peak);
  BOOST_TEST(after.system == before.system);
  if (!sanitized) BOOST_TEST(resident_bytes() - resident < 1 << 20);
}

BOOST_AUTO_TEST_SUITE_END()
