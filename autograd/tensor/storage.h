#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "autograd/tensor/ref.h"

namespace taper {

struct OpInfo;
struct ModulePath;

/// A block of memory that a tensor and its views share, with the count of in-place writes to it.
struct Storage : RefCounted {
  explicit Storage(size_t size);
  /// Memory of somebody else; `done` is called when the last tensor on it is gone.
  Storage(void* data, size_t size, std::function<void()> done);
  ~Storage();

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

  void* data = nullptr;
  size_t bytes = 0;
  std::atomic<uint32_t> version = 0;            ///< grows by one with every in-place write
  std::atomic<const OpInfo*> writer = nullptr;  ///< the op that wrote last
  std::atomic<const ModulePath*> writer_path = nullptr;
  std::function<void()> done;
  bool owned = true;
};

void destroy(Storage* storage) noexcept;

}  // namespace taper
