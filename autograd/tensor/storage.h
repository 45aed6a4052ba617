#pragma once

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

  void* data = nullptr;
  size_t bytes = 0;
  uint32_t version = 0;            ///< grows by one with every in-place write
  const OpInfo* writer = nullptr;  ///< the op that wrote last
  const ModulePath* writer_path = nullptr;
  std::function<void()> done;
  bool owned = true;
};

void destroy(Storage* storage) noexcept;

}  // namespace taper
