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

uint64_t Storage::watched_id() {
  static std::atomic<uint64_t> last = 0;
  if (!owned || handed_out.load(std::memory_order_relaxed)) return 0;
  if (uint64_t now = id.load(std::memory_order_relaxed)) return now;
  uint64_t none = 0, fresh = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return id.compare_exchange_strong(none, fresh, std::memory_order_relaxed) ? fresh : none;
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
