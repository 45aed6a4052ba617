#include "autograd/tensor/scratch.h"

#include <utility>

#include "autograd/tensor/memory.h"

namespace taper {

namespace {

constexpr size_t large = size_t(1) << 18;

struct Kept {
  ~Kept() { drop(); }
  void drop() {
    if (data) memory::release(std::exchange(data, nullptr), std::exchange(bytes, 0));
  }

  void* data = nullptr;
  size_t bytes = 0;
  bool busy = false;
};

Kept& kept() {
  static thread_local Kept of_thread;
  return of_thread;
}

}  // namespace

Scratch::Scratch(size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  if (bytes < large || kept().busy) {
    data_ = memory::allocate(bytes);
    return;
  }
  Kept& k = kept();
  if (k.bytes < bytes) {
    k.drop();
    k.data = memory::allocate(bytes);
    k.bytes = bytes;
  }
  k.busy = kept_ = true;
  data_ = k.data;
}

Scratch::~Scratch() {
  if (kept_)
    kept().busy = false;
  else if (data_)
    memory::release(data_, bytes_);
}

}  // namespace taper
