#pragma once

#include <sys/single_threaded.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "autograd/tensor/memory.h"

namespace taper {

/// A count of owners inside the object. Atomic instructions only once a second thread was started.
/// Its memory comes from the pools of memory.h.
class RefCounted {
 public:
  static void* operator new(size_t bytes) { return memory::allocate(bytes); }
  static void* operator new(size_t, void* place) noexcept { return place; }
  static void operator delete(void* object, size_t bytes) { memory::release(object, bytes); }

  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void retain() const {
    if (__libc_single_threaded)
      count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    else
      count_.fetch_add(1, std::memory_order_relaxed);
  }
  /// True for the last owner, who then destroys the object.
  bool release() const {
    if (count_.load(std::memory_order_acquire) == 1) return true;
    if (!__libc_single_threaded) return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    count_.store(count_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    return false;
  }
  uint32_t use_count() const { return count_.load(std::memory_order_acquire); }

 protected:
  /// The first owner's count, of an object that no other thread knows of.
  void retain_first() const { count_.store(1, std::memory_order_relaxed); }
  template <class T>
  friend class Ref;

 private:
  mutable std::atomic<uint32_t> count_{0};
};

/// An owning pointer to a RefCounted T, of the size of a pointer. `destroy(T*)` is found by its
/// argument.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  explicit Ref(T* p) : p_(p) {
    if (p_) p_->retain();
  }
  /// The first owner of a new object.
  static Ref first(T* p) {
    p->retain_first();
    Ref r;
    r.p_ = p;
    return r;
  }
  Ref(const Ref& other) : Ref(other.p_) {}
  Ref(Ref&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(p_, other.p_);
    return *this;
  }
  ~Ref() {
    if (p_ && p_->release()) destroy(p_);
  }

  T* get() const { return p_; }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }
  explicit operator bool() const { return p_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.p_ == b.p_; }

 private:
  T* p_ = nullptr;
};

}  // namespace taper
