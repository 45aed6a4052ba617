// Tensors that die after main: global ones, one of a thread, one that a global object makes then.
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/memory.h"

using namespace taper;

/// Made first, so it ends last, and finds that nothing is left.
struct Last {
  ~Last() {
    Tensor x = ones({50, 50});
    bool right = x.sum().item<double>() == 2500;
    x = Tensor();
    if (right && memory::stats().current <= expected) return;
    std::fprintf(stderr, "at the end %lld bytes are in use; expected at most %lld\n",
                 static_cast<long long>(memory::stats().current), static_cast<long long>(expected));
    std::_Exit(1);
  }
  int64_t expected = 0;
};
static Last last;

static Tensor small, large, graph, of_a_thread;
static thread_local Tensor of_main;

int main() {
  last.expected = memory::stats().current;
  small = ones({3});
  large = ones({1000, 1000}, {.requires_grad = true});
  graph = (large * large).sum();
  of_main = ones({5}) + 1;
  std::thread([] { of_a_thread = ones({300, 300}) + 1; }).join();
  return 0;
}
