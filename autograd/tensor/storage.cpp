#include "autograd/tensor/storage.h"

#include <new>

#include "autograd/tensor/memory.h"
#include "autograd/tensor/sanitizer.h"

namespace taper {

namespace {

constexpr size_t head = (sizeof(Storage) + 63) / 64 * 64;  // data behind it is aligned as all is
constexpr size_t most_behind = 1024;                       // bytes; more have a block of their own

}  // namespace

Ref<Storage> Storage::create(size_t bytes) {
  bool behind = bytes <= most_behind && !sanitized;
  auto* block = static_cast<std::byte*>(memory::allocate(behind ? head + bytes : sizeof(Storage)));
  auto storage = Ref<Storage>::first(new (block) Storage);
  if (behind) {
    storage->data = block + head;
    storage->bytes = bytes;
    return storage;
  }
  storage->place = Place::foreign;  // until there is memory
  storage->data = memory::allocate(bytes);
  storage->bytes = bytes;
  storage->place = Place::apart;
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

void destroy(Storage* storage) noexcept {
  size_t size = sizeof(Storage);
  if (storage->place == Storage::Place::apart)
    memory::release(storage->data, storage->bytes);
  else if (storage->place == Storage::Place::behind)
    size = head + storage->bytes;
  if (storage->done) (*storage->done)();
  storage->~Storage();
  memory::release(storage, size);
}

}  // namespace taper
