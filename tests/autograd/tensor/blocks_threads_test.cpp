// One tensor in blocks, read by several threads: some where it lies, some in plain memory.

#include <boost/test/unit_test.hpp>
#include <thread>

#include "autograd/tensor/blocks.h"
#include "autograd/tensor/factories.h"

using namespace taper;

BOOST_AUTO_TEST_SUITE(blocks)

BOOST_AUTO_TEST_CASE(threads_read_one_tensor) {
  for (int round = 0; round < 50; ++round) {
    Tensor plain = arange(2 * 32 * 15).to(float32).reshape({2, 32, 3, 5});
    Tensor x = copied_to_blocks(plain, 16);
    std::vector<double> sums(4);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < sums.size(); ++i)
      threads.emplace_back([&, i] {
        Tensor y = i % 2 ? x + 1 : relu(x);
        for (int64_t k = 0; k < x.numel(); ++k) sums[i] += double(y.data_ptr<float>()[k]);
        sums[i] += double(x.data_ptr<float>()[959]);
      });
    for (std::thread& t : threads) t.join();
    for (size_t i = 0; i < sums.size(); ++i)
      BOOST_TEST(sums[i] == 959.0 * 960 / 2 + double(i % 2) * 960 + 959);
  }
}

BOOST_AUTO_TEST_SUITE_END()
