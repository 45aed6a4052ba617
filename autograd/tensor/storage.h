#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "autograd/tensor/blocks.h"
#include "autograd/tensor/ref.h"

namespace taper {

struct OpInfo;
struct ModulePath;
namespace memory {
struct Booking;
}

/// A piece of memory that a tensor and its views share, with the count of in-place writes to it.
struct Storage : RefCounted {
  /// Whose the memory is: little of it lies behind the storage itself, in one block.
  enum class Place : uint8_t { behind, apart, foreign };

  /// Memory for so many bytes, not initialised; `op` makes them.
  static Ref<Storage> create(size_t bytes, const OpInfo* op = nullptr);
  /// Memory of somebody else; `done` is called when the last tensor on it is gone.
  static Ref<Storage> create(void* data, size_t bytes, std::function<void()> done);

  bool owned() const { return place != Place::foreign; }
  /// Notes an in-place write. Views of one storage may be written on several threads, each its own
  /// part: gradients that lie in one buffer are.
  void count_write(const OpInfo& op, const ModulePath* path) {
    if (__libc_single_threaded)
      version.store(version.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    else
      version.fetch_add(1, std::memory_order_relaxed);
    writer.store(&op, std::memory_order_relaxed);
    writer_path.store(path, std::memory_order_relaxed);
  }

  /// A number that no other storage has; 0 where writes may go unnoticed, because its pointer was
  /// handed out or it is somebody else's memory.
  uint64_t watched_id();
  /// For new contents of memory that nobody else holds: it has not been written yet; `op` makes
  /// them (null: none that has a name).
  void start_anew(const OpInfo* op = nullptr);
  /// From now on writes may go unnoticed.
  void hand_out() { handed_out.store(true, std::memory_order_relaxed); }

  /// From now on the elements lie in blocks; for fresh memory that nobody else holds.
  void put_in_blocks(const BlockShape& shape);
  /// Brings what lies in blocks back to plain memory, for good; the blocks stay for those that read
  /// them now.
  void make_plain();

  std::atomic<uint32_t> version = 0;  ///< grows by one with every in-place write
  Place place = Place::behind;
  std::atomic<bool> in_blocks = false;
  std::atomic<bool> handed_out = false;
  void* data = nullptr;  ///< null while the elements lie in blocks alone
  size_t bytes = 0;
  std::atomic<const OpInfo*> writer = nullptr;  ///< the op that wrote last
  std::atomic<const ModulePath*> writer_path = nullptr;
  memory::Booking* booking = nullptr;  ///< if its memory is tracked
  std::unique_ptr<std::function<void()>> done;
  Ref<Blocks> blocks;            ///< where the elements lie or lay in blocks
  std::atomic<uint64_t> id = 0;  ///< of watched_id(), once it was asked for

 private:
  void* behind();  ///< the memory behind the storage
};

void destroy(Storage* storage) noexcept;

}  // namespace taper
