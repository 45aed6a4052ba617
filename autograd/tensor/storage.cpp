#include "autograd/tensor/storage.h"

#include "autograd/kernels/reorder.h"
#include "autograd/tensor/memory.h"

namespace taper {

Storage::Storage(size_t size) : data(memory::allocate(size)), bytes(size) {}

Storage::Storage(void* memory, size_t size, std::function<void()> when_done)
    : data(memory), bytes(size), done(std::move(when_done)), owned(false) {}

Storage::~Storage() {
  if (owned && data) memory::release(data, bytes);
  if (done) done();
}

void Storage::put_in_blocks(const BlockShape& shape) {
  blocks = Ref<Blocks>(new Blocks(shape, data, bytes));
  data = nullptr;
  in_blocks.store(true, std::memory_order_release);
}

void Storage::make_plain() {
  std::call_once(blocks->once, [this] {
    void* plain = memory::allocate(bytes);
    kernels::from_blocks(blocks->shape, bytes, blocks->data, plain);
    data = plain;
    in_blocks.store(false, std::memory_order_release);
  });
}

Blocks::~Blocks() { memory::release(data, bytes); }

void destroy(Blocks* blocks) noexcept { delete blocks; }

void destroy(Storage* storage) noexcept { delete storage; }

}  // namespace taper
