#pragma once

#include <cstddef>

namespace taper {

/// Memory that a kernel works in, aligned as that of tensors. A large piece is the thread's own,
/// kept for the next op and grown where that needs more: pieces of many sizes would each wait in
/// the pool, or be mapped again in every call.
class Scratch {
 public:
  explicit Scratch(size_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  void* data() const { return data_; }

 private:
  size_t bytes_;
  bool kept_ = false;
  void* data_ = nullptr;
};

}  // namespace taper
