#include "autograd/tensor/storage.h"

#include <cstdlib>

#include "autograd/tensor/error.h"

namespace taper {

namespace memory {

static constexpr size_t alignment = 64;

void* allocate(size_t bytes) {
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* data =
      rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded ? rounded : alignment);
  if (!data) fail("memory", "cannot allocate {} bytes; expected as much free memory", bytes);
  return data;
}

void release(void* data, size_t) noexcept { std::free(data); }

}  // namespace memory

Storage::Storage(size_t size) : data(memory::allocate(size)), bytes(size) {}

Storage::Storage(void* memory, size_t size, std::function<void()> when_done)
    : data(memory), bytes(size), done(std::move(when_done)), owned(false) {}

Storage::~Storage() {
  if (owned) memory::release(data, bytes);
  if (done) done();
}

void destroy(Storage* storage) noexcept { delete storage; }

}  // namespace taper
