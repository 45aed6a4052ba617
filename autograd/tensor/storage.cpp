#include "autograd/tensor/storage.h"

#include "autograd/tensor/memory.h"

namespace taper {

Storage::Storage(size_t size) : data(memory::allocate(size)), bytes(size) {}

Storage::Storage(void* memory, size_t size, std::function<void()> when_done)
    : data(memory), bytes(size), done(std::move(when_done)), owned(false) {}

Storage::~Storage() {
  if (owned) memory::release(data, bytes);
  if (done) done();
}

void destroy(Storage* storage) noexcept { delete storage; }

}  // namespace taper
