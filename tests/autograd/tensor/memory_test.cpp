#include "autograd/tensor/memory.h"

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/sanitizer.h"
#include "tests/support/error_text.h"

namespace {

using namespace taper;

/// Outlives main, the thread's pools and everything else.
Tensor outlives_main;

int64_t current() { return memory::stats().current; }

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_pools)

BOOST_AUTO_TEST_CASE(blocks_are_aligned_and_apart) {
  std::vector<std::pair<char*, size_t>> blocks;
  for (size_t bytes : {0, 1, 64, 65, 1000, 1024, 1025, 5000, 65536, 65537, 3000000}) {
    auto* block = static_cast<char*>(memory::allocate(bytes));
    BOOST_TEST(reinterpret_cast<uintptr_t>(block) % 64 == 0u);
    std::fill_n(block, bytes, char(blocks.size()));
    blocks.emplace_back(block, bytes);
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    auto [block, bytes] = blocks[i];
    BOOST_TEST(std::count(block, block + bytes, char(i)) == std::ptrdiff_t(bytes));
    memory::release(block, bytes);
  }
}

BOOST_AUTO_TEST_CASE(statistics_follow_tensors) {
  int64_t before = current();
  memory::reset_peak();
  {
    Tensor x = empty({1000, 1000});
    BOOST_TEST(current() - before >= 4000000);
    BOOST_TEST(current() - before < 4010000);
  }
  BOOST_TEST(current() == before);
  BOOST_TEST(memory::stats().peak - before >= 4000000);
  memory::reset_peak();
  BOOST_TEST(memory::stats().peak == before);
}

BOOST_AUTO_TEST_CASE(trim_gives_large_blocks_back) {
  empty({1000, 1000});
  memory::trim();
  BOOST_TEST(memory::stats().cached == 0);
}

BOOST_AUTO_TEST_CASE(steps_hold_their_level) {
  auto step = [] {
    Tensor x = ones({100, 100});
    return ((x * x + x).sum() * 2).item<double>();
  };
  step();
  int64_t before = current();
  memory::reset_peak();
  step();
  int64_t peak = memory::stats().peak;
  for (int i = 0; i < 1000; ++i) step();
  BOOST_TEST(current() == before);
  BOOST_TEST(memory::stats().peak == peak);
}

BOOST_AUTO_TEST_CASE(no_memory_is_an_error) {
  BOOST_TEST(test::error_text([] { memory::allocate(size_t(1) << 60); }) ==
             "memory: cannot allocate 1152921504606846976 bytes; expected as much free memory");
}

BOOST_AUTO_TEST_CASE(a_tensor_may_die_after_main) { outlives_main = ones({3, 3}) + 1; }

BOOST_AUTO_TEST_CASE(blocks_of_old_sizes_make_room) {
  std::vector<void*> blocks;
  size_t most = size_t(memory::stats().peak) + (size_t(1) << 26), small = size_t(1) << 17;
  for (size_t i = 0; i < most / small; ++i) blocks.push_back(memory::allocate(small));
  for (void* block : blocks) memory::release(block, small);
  BOOST_TEST(memory::stats().cached <= std::max(memory::stats().peak, int64_t(1) << 26));
  size_t large = size_t(1) << 24;
  void* block = memory::allocate(large);
  memory::release(block, large);
  int64_t cached = memory::stats().cached;
  memory::release(memory::allocate(large), large);
  BOOST_TEST(memory::stats().cached == cached);
}

BOOST_AUTO_TEST_CASE(blocks_of_odd_sizes_are_asked_for_once) {
  memory::trim();
  auto turn = [] {
    std::vector<void*> blocks;
    int64_t before = memory::stats().requests;
    for (int i = 0; i < 4000; ++i) blocks.push_back(memory::allocate(65540));
    for (void* block : blocks) memory::release(block, 65540);
    return memory::stats().requests - before;
  };
  BOOST_TEST(turn() > 0);
  for (int i = 0; i < 5; ++i)
    if (int64_t requests = turn(); !sanitized) BOOST_TEST(requests == 0);
}

BOOST_AUTO_TEST_SUITE_END()
