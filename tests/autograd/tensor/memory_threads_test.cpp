#include <boost/test/unit_test.hpp>

#include <random>
#include <semaphore>
#include <thread>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/memory.h"

namespace {

using namespace taper;

struct Block {
  char* data;
  size_t bytes;
};

Block filled_block(size_t bytes) {
  auto* data = static_cast<char*>(memory::allocate(bytes));
  std::fill_n(data, bytes, char(bytes));
  return {data, bytes};
}

/// Whether the block still holds what it was filled with.
bool release_block(Block b) {
  bool same = std::count(b.data, b.data + b.bytes, char(b.bytes)) == std::ptrdiff_t(b.bytes);
  memory::release(b.data, b.bytes);
  return same;
}

/// Makes and drops blocks of mixed sizes; true if none was changed by somebody else.
bool churn(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Block> blocks;
  bool same = true;
  for (int i = 0; i < 20000; ++i)
    if (blocks.size() < 100 || random() % 2) {
      blocks.push_back(filled_block(random() % (random() % 50 ? 3000 : 200000)));
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      same = release_block(blocks.back()) && same;
      blocks.pop_back();
    }
  for (Block b : blocks) same = release_block(b) && same;
  return same;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_pools_threads)

BOOST_AUTO_TEST_CASE(threads_do_not_share_blocks) {
  bool same[3] = {};
  {
    std::jthread a([&] { same[0] = churn(1); }), b([&] { same[1] = churn(2); });
    same[2] = churn(3);
  }
  BOOST_TEST((same[0] && same[1] && same[2]));
}

BOOST_AUTO_TEST_CASE(what_another_thread_frees_comes_back) {
  int64_t before = memory::stats().current;
  for (int round = 0; round < 20; ++round) {
    std::vector<Tensor> made;
    for (int i = 0; i < 5000; ++i) made.push_back(ones({4}));
    std::jthread([list = std::move(made)]() mutable { list.clear(); }).join();
  }
  BOOST_TEST(memory::stats().current == before);
}

/// Makes blocks for another thread, which lives on, to give back; the bytes that the system gave
/// meanwhile.
static int64_t growth_of_handing_over(int rounds, size_t blocks, size_t bytes) {
  std::vector<void*> handed(blocks);
  std::binary_semaphore full{0}, empty{0};
  std::jthread consumer([&] {
    for (int i = 0; i < rounds; ++i, empty.release()) {
      full.acquire();
      for (void* block : handed) memory::release(block, bytes);
    }
  });
  int64_t before = memory::stats().system;
  for (int i = 0; i < rounds; ++i) {
    for (void*& block : handed) block = memory::allocate(bytes);
    full.release();
    empty.acquire();
  }
  return memory::stats().system - before;
}

BOOST_AUTO_TEST_CASE(what_another_thread_frees_goes_back_in_batches) {
  for (size_t bytes : {64, 4096, 100000}) {
    size_t blocks = (size_t(1) << 22) / bytes;
    int64_t bound = int64_t(blocks * bytes) * 3 / 2 + (1 << 20);  // a round's, what may wait beside
    BOOST_TEST(growth_of_handing_over(100, blocks, bytes) <= bound);
  }
}

BOOST_AUTO_TEST_CASE(a_tensor_outlives_the_thread_that_made_it) {
  Tensor x;
  std::jthread([&] { x = ones({2, 2}) + 1; }).join();
  BOOST_TEST(x.sum().item<double>() == 8);
}

BOOST_AUTO_TEST_SUITE_END()
