#include <dlfcn.h>
#include <boost/test/unit_test.hpp>

#include <thread>

#include "autograd/kernels/parallel.h"
#include "autograd/tensor/factories.h"

using namespace taper;

/// OpenMP's own number for the calling thread.
static int openmp_threads() {
  auto* f = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  return f ? f() : 1;
}

BOOST_AUTO_TEST_SUITE(parallel)

BOOST_AUTO_TEST_CASE(a_thread_that_a_program_starts_has_one_openmp_thread) {
  Tensor single = rand({8, 8}), twice = rand({8, 8}, {.dtype = float64});
  for (const Tensor& x : {single, twice}) {
    int seen = 0;
    std::thread([&] {
      x.mm(x);
      seen = openmp_threads();
    }).join();
    BOOST_TEST(seen == 1);
  }
  int wanted = 0;
  std::thread([&] {
    set_num_threads(2);
    single.mm(single);
    wanted = get_num_threads();
  }).join();
  BOOST_TEST(wanted == 2);
}

BOOST_AUTO_TEST_CASE(products_of_doubles_on_several_threads) {
  Tensor a = rand({64, 64}, {.dtype = float64}), expected = a.mm(a);
  std::vector<std::thread> threads;
  tensor_list products(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      set_num_threads(1 + i % 2);
      for (int n = 0; n < 20; ++n) products[size_t(i)] = a.mm(a);
    });
  for (std::thread& t : threads) t.join();
  for (const Tensor& p : products) BOOST_TEST((p - expected).abs().max().item<double>() < 1e-12);
}

BOOST_AUTO_TEST_SUITE_END()
