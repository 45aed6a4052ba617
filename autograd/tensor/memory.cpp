#include "autograd/tensor/memory.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include "autograd/tensor/arena.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/memory_tracking.h"
#include "autograd/tensor/sanitizer.h"

namespace taper::memory {

namespace {

constexpr bool caching = !sanitized;

constexpr size_t alignment = 64;
constexpr size_t small_limit = 1024;              // up to here classes are 64 bytes apart
constexpr size_t thread_limit = size_t(1) << 16;  // up to here blocks wait on their thread
constexpr size_t slab = size_t(1) << 16;          // small blocks are cut from pieces of this size

/// Classes of sizes: 64, 128, .. 1024, then eight to each doubling.
constexpr size_t class_of(size_t bytes) {
  if (bytes <= small_limit) return bytes == 0 ? 0 : (bytes - 1) / alignment;
  int doubling = int(std::bit_width(bytes - 1)) - 1;  // 2^doubling < bytes <= 2^(doubling + 1)
  size_t step = size_t(1) << (doubling - 3);
  size_t within = (bytes - (size_t(1) << doubling) - 1) / step;
  return small_limit / alignment + size_t(doubling - 10) * 8 + within;
}
constexpr size_t size_of(size_t size_class) {
  if (size_class < small_limit / alignment) return (size_class + 1) * alignment;
  size_t n = size_class - small_limit / alignment;
  size_t power = small_limit << (n / 8);
  return power + power / 8 * (n % 8 + 1);
}
constexpr size_t class_count = class_of(thread_limit) + 1;
constexpr size_t max_bytes = size_t(1) << 46;

/// How many blocks move between a thread and the others at a time; a thread keeps twice as many.
constexpr auto batch_sizes = [] {
  std::array<uint32_t, class_count> sizes{};
  for (size_t c = 0; c < class_count; ++c)
    sizes[c] = uint32_t(std::clamp<size_t>((size_t(1) << 17) / size_of(c), 2, 512));
  return sizes;
}();

/// A block that waits. The first of a batch leads to the next batch.
struct Block {
  Block* next;
  Block* next_batch;
};

/// What all threads share. Never destroyed: tensors may die after everything else.
struct Shared {
  std::mutex mutex;
  Block* batches[class_count] = {};
  Arena arena;
  std::atomic<int64_t> current{0}, peak{0};
  std::atomic<int64_t> system{0}, requests{0};  ///< what did not come from the arena
};
constinit Shared shared;

enum class Life : uint8_t { fresh, open, closed };

/// Blocks that wait on this thread. Trivially destructible, so always there; Closer empties it.
struct ThreadCache {
  Block* head[class_count] = {};
  uint32_t count[class_count] = {};
  Life life = Life::fresh;
  int64_t uncounted = 0;  ///< bytes in use that shared.current does not have yet
  int64_t most_uncounted = int64_t(1) << 18;  ///< 0 once the thread has ended
};
thread_local constinit ThreadCache cache;

void count(int64_t bytes) {
  int64_t now = shared.current.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t peak = shared.peak.load(std::memory_order_relaxed);
  while (now > peak && !shared.peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

/// The most that may wait in large blocks: as much as was in use at once.
int64_t cache_limit() { return std::max(shared.arena.most_in_use(), int64_t(1) << 26); }

void* system_block(size_t bytes) noexcept {
  bytes = std::max(bytes, size_t(1)) + alignment - 1;
  return std::aligned_alloc(alignment, bytes / alignment * alignment);
}

/// From the system, if need be after all that waits went back to it.
void* system_block_or_fail(size_t bytes) {
  void* data = system_block(bytes);
  if (!data) {
    trim();
    data = system_block(bytes);
  }
  if (!data) fail("memory", "cannot allocate {} bytes; expected as much free memory", bytes);
  shared.system.fetch_add(int64_t(bytes), std::memory_order_relaxed);
  shared.requests.fetch_add(1, std::memory_order_relaxed);
  return data;
}

void free_system_block(void* data, size_t bytes) noexcept {
  shared.system.fetch_sub(int64_t(bytes), std::memory_order_relaxed);
  std::free(data);
}

/// A list of blocks of a class: of other threads', or cut from a new slab.
Block* take_batch(size_t size_class, uint32_t& blocks) {
  {
    std::lock_guard lock(shared.mutex);
    if (Block* batch = shared.batches[size_class]) {
      shared.batches[size_class] = batch->next_batch;
      blocks = 0;
      for (Block* b = batch; b; b = b->next) ++blocks;
      return batch;
    }
  }
  size_t size = size_of(size_class);
  blocks = size <= small_limit ? uint32_t(slab / size) : 1;
  auto* data = static_cast<std::byte*>(system_block_or_fail(size * blocks));
  Block* first = nullptr;
  for (uint32_t i = blocks; i-- > 0;) first = new (data + i * size) Block{first, nullptr};
  return first;
}

void give_batch(size_t size_class, Block* batch) {
  std::lock_guard lock(shared.mutex);
  batch->next_batch = std::exchange(shared.batches[size_class], batch);
}

/// Hands the thread's blocks over when the thread ends.
struct Closer {
  ~Closer() {
    cache.life = Life::closed;
    cache.most_uncounted = 0;
    count(std::exchange(cache.uncounted, 0));
    for (size_t c = 0; c < class_count; ++c)
      if (Block* list = std::exchange(cache.head[c], nullptr)) give_batch(c, list);
  }
};

void open_cache() {
  static thread_local Closer closer;
  if (cache.life == Life::fresh) cache.life = Life::open;
  static_cast<void>(&closer);
}

void note(int64_t bytes) {
  cache.uncounted += bytes;
  if (cache.uncounted > cache.most_uncounted || cache.uncounted < -cache.most_uncounted)
    count(std::exchange(cache.uncounted, 0));
}

[[gnu::noinline]] void* allocate_slowly(size_t size_class) {
  open_cache();
  uint32_t blocks = 0;
  Block* batch = take_batch(size_class, blocks);
  if (cache.life == Life::closed) {
    if (batch->next) give_batch(size_class, batch->next);
    return batch;
  }
  cache.head[size_class] = batch->next;
  cache.count[size_class] = blocks - 1;
  return batch;
}

[[gnu::noinline]] void release_slowly(Block* block, size_t size_class) {
  open_cache();
  block->next = nullptr;
  if (cache.life == Life::closed) return give_batch(size_class, block);
  // Full: the newest half stays, the rest goes to whoever needs it.
  if (Block* last = cache.head[size_class]) {
    for (uint32_t i = 1; i < batch_sizes[size_class]; ++i) last = last->next ? last->next : last;
    if (Block* rest = std::exchange(last->next, nullptr)) give_batch(size_class, rest);
  }
  block->next = cache.head[size_class];
  cache.head[size_class] = block;
  cache.count[size_class] = std::min(cache.count[size_class], batch_sizes[size_class]) + 1;
}

void* allocate_large(size_t bytes) {
  open_cache();  // whose end counts what is not counted yet
  {
    std::lock_guard lock(shared.mutex);
    if (void* data = shared.arena.take(bytes)) return data;
  }
  return system_block_or_fail(bytes);
}

void release_large(void* data, size_t bytes) noexcept {
  open_cache();
  {
    std::lock_guard lock(shared.mutex);
    if (shared.arena.holds(data)) {
      shared.arena.give(data, bytes);
      if (shared.arena.waiting() > cache_limit()) shared.arena.trim(cache_limit());
      return;
    }
  }
  free_system_block(data, bytes);
}

void* plain_block(size_t bytes) {
  open_cache();
  return system_block_or_fail(bytes);
}

}  // namespace

[[gnu::noinline]] static void* allocate_otherwise(size_t bytes) {
  if (bytes > max_bytes)
    fail("memory", "cannot allocate {} bytes; expected as much free memory", bytes);
  void* data = !caching               ? plain_block(bytes)
               : bytes > thread_limit ? allocate_large(bytes)
                                      : allocate_slowly(class_of(bytes));
  note(int64_t(bytes));
  return data;
}

void* allocate(size_t bytes) {
  if (!caching || bytes > thread_limit) return allocate_otherwise(bytes);
  size_t c = class_of(bytes);
  Block* block = cache.head[c];
  if (!block) return allocate_otherwise(bytes);
  cache.head[c] = block->next;
  --cache.count[c];
  note(int64_t(bytes));
  return block;
}

void release(void* data, size_t bytes) noexcept {
  note(-int64_t(bytes));
  if (!caching) {
    open_cache();
    return free_system_block(data, bytes);
  }
  if (bytes > thread_limit) return release_large(data, bytes);
  size_t c = class_of(bytes);
  auto* block = static_cast<Block*>(data);
  if (cache.life != Life::open || cache.count[c] >= 2 * batch_sizes[c])
    return release_slowly(block, c);
  block->next = cache.head[c];
  cache.head[c] = block;
  ++cache.count[c];
}

Stats stats() {
  count(std::exchange(cache.uncounted, 0));
  Stats stats;
  add_tracked(stats);
  std::lock_guard lock(shared.mutex);
  const Arena& arena = shared.arena;
  stats.current = shared.current;
  stats.peak = shared.peak;
  stats.cached = arena.waiting();
  stats.system = shared.system + arena.in_use() + arena.waiting();
  stats.requests = shared.requests + arena.requests();
  return stats;
}

void reset_peak() {
  count(std::exchange(cache.uncounted, 0));
  shared.peak = shared.current.load();
  reset_tracked_peak();
}

void trim() noexcept {
  std::lock_guard lock(shared.mutex);
  for (size_t c = class_of(small_limit) + 1; c < class_count; ++c)
    while (Block* batch = shared.batches[c]) {
      shared.batches[c] = batch->next_batch;
      while (batch) free_system_block(std::exchange(batch, batch->next), size_of(c));
    }
  shared.arena.trim(0);
}

}  // namespace taper::memory
