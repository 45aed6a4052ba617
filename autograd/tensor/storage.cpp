#include "autograd/tensor/storage.h"

#include <cstring>
#include <new>

#include "autograd/kernels/reorder.h"
#include "autograd/tensor/memory_tracking.h"
#include "autograd/tensor/sanitizer.h"
#include "autograd/tensor/thread_state.h"

namespace taper {

namespace {

constexpr size_t head = (sizeof(Storage) + 63) / 64 * 64;  // data behind it is aligned as all is
constexpr size_t most_behind = 1024;                       // bytes; more have a block of their own

}  // namespace

Ref<Storage> Storage::create(size_t bytes, const OpInfo* op) {
  bool behind = bytes <= most_behind && !sanitized;
  void* block = memory::allocate(behind ? head + bytes : sizeof(Storage));
  auto storage = Ref<Storage>::first(new (block) Storage);
  storage->place = behind ? Place::behind : Place::foreign;  // until there is memory
  storage->data = behind ? storage->behind() : memory::allocate(bytes);
  if (!behind) storage->place = Place::apart;
  storage->bytes = bytes;
  if (thread_state.tracks_memory) [[unlikely]]
    memory::book(*storage, op);
  return storage;
}

Ref<Storage> Storage::create(void* data, size_t bytes, std::function<void()> done) {
  auto storage = Ref<Storage>::first(new Storage);
  storage->place = Place::foreign;
  storage->data = data;
  storage->bytes = bytes;
  if (done) storage->done = std::make_unique<std::function<void()>>(std::move(done));
  return storage;
}

void* Storage::behind() { return reinterpret_cast<std::byte*>(this) + head; }

uint64_t Storage::watched_id() {
  static std::atomic<uint64_t> last = 0;
  if (!owned() || handed_out.load(std::memory_order_relaxed)) return 0;
  if (uint64_t now = id.load(std::memory_order_relaxed)) return now;
  uint64_t none = 0, fresh = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return id.compare_exchange_strong(none, fresh, std::memory_order_relaxed) ? fresh : none;
}

void Storage::start_anew(const OpInfo* op) {
  version.store(0, std::memory_order_relaxed);
  id.store(0, std::memory_order_relaxed);
  writer.store(nullptr, std::memory_order_relaxed);
  writer_path.store(nullptr, std::memory_order_relaxed);
  if (booking || thread_state.tracks_memory) [[unlikely]]
    memory::rebook(*this, op);
}

void Storage::put_in_blocks(const BlockShape& shape) {
  void* memory = data;
  if (place != Place::apart) {
    memory = memory::allocate(bytes);
    std::memcpy(memory, data, bytes);
  }
  blocks = Ref<Blocks>(new Blocks(shape, memory, bytes));
  data = nullptr;
  in_blocks.store(true, std::memory_order_release);
}

void Storage::make_plain() {
  std::call_once(blocks->once, [this] {
    void* plain = place == Place::apart ? memory::allocate(bytes) : behind();
    kernels::from_blocks(blocks->shape, bytes, blocks->data, plain);
    if (booking && place == Place::apart) memory::book_more(*this, bytes);
    data = plain;
    in_blocks.store(false, std::memory_order_release);
  });
}

Blocks::~Blocks() { memory::release(data, bytes); }

void destroy(Blocks* blocks) noexcept { delete blocks; }

void destroy(Storage* storage) noexcept {
  if (storage->booking) [[unlikely]]
    memory::unbook(*storage);
  bool behind = storage->place == Storage::Place::behind;
  size_t size = behind ? head + storage->bytes : sizeof(Storage);
  if (storage->place == Storage::Place::apart && storage->data)
    memory::release(storage->data, storage->bytes);
  if (storage->done) (*storage->done)();
  storage->~Storage();
  memory::release(storage, size);
}

}  // namespace taper
