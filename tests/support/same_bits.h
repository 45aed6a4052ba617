#pragma once

#include <cstring>

#include "autograd/kernels/parallel.h"
#include "autograd/tensor/tensor.h"

namespace taper::test {

inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  if (!(a.sizes() == b.sizes()) || a.dtype() != b.dtype()) return false;
  Tensor x = a.contiguous(), y = b.contiguous();
  return std::memcmp(x.data_ptr(), y.data_ptr(), size_t(x.nbytes())) == 0;
}

inline bool same_bits(const tensor_list& a, const tensor_list& b) {
  bool same = a.size() == b.size();
  for (size_t i = 0; same && i < a.size(); ++i) same = same_bits(a[i], b[i]);
  return same;
}

/// The calling thread's number of threads and deterministic(), as they were when it ends.
struct ThreadSettings {
  int threads = get_num_threads();
  bool same = deterministic();
  ~ThreadSettings() {
    set_num_threads(threads);
    deterministic(same);
  }
};

/// The numbers of threads up to 5 for which f(), with deterministic(true), gives other bits than
/// one thread does.
template <class F>
std::string differing_threads(const F& f) {
  ThreadSettings before;
  deterministic(true);
  set_num_threads(1);
  tensor_list one = f();
  std::string out;
  for (int threads : {2, 3, 5}) {
    set_num_threads(threads);
    if (!same_bits(one, f())) out += " " + std::to_string(threads);
  }
  return out;
}

}  // namespace taper::test
