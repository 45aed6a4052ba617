#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// The memory of tensors and of the graph. Blocks that are given back wait for the next request:
/// small ones for one of their size, on the thread that gave them back; large ones join their
/// neighbours and serve any size and all threads.
namespace taper::memory {

/// Uninitialised memory aligned to 64 bytes; throws Error when there is none.
void* allocate(size_t bytes);
/// Takes back what allocate(bytes) gave, on any thread.
void release(void* data, size_t bytes) noexcept;

/// For containers that come and go with every op or every run of backward.
template <class T>
struct Allocator {
  using value_type = T;
  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(memory::allocate(n * sizeof(T))); }
  void deallocate(T* data, size_t n) noexcept { release(data, n * sizeof(T)); }
  friend bool operator==(Allocator, Allocator) { return true; }
};
template <class T>
using vector = std::vector<T, Allocator<T>>;

/// Bytes now, and when most tracked memory was in use.
struct Tracked {
  int64_t current = 0, at_peak = 0;
};
/// What an op's results take, by its name; "factory" stands for tensors that no op made.
struct OpUse : Tracked {
  OpUse(const char* name, int64_t current, int64_t at_peak) : Tracked{current, at_peak}, op(name) {}
  const char* op;
};

struct Stats {
  int64_t current = 0;       ///< bytes in use
  int64_t peak = 0;          ///< the most that was in use since the start, or since reset_peak
  int64_t cached = 0;        ///< bytes of large blocks that wait to be used again
  int64_t system = 0;        ///< bytes that the system gave and has not got back
  int64_t requests = 0;      ///< how often the system was asked for memory since the start
  std::vector<OpUse> by_op;  ///< of tensors made under a TrackingGuard, largest at_peak first
  Tracked retained;          ///< the part of by_op that graphs keep for backward
};

/// While it lives, the memory of tensors that its thread makes is booked on the ops that make them.
class TrackingGuard {
 public:
  TrackingGuard();
  ~TrackingGuard();
  TrackingGuard(const TrackingGuard&) = delete;
  TrackingGuard& operator=(const TrackingGuard&) = delete;

 private:
  bool before_;
};

/// Exact for the calling thread; other threads' latest requests, up to 256 KiB each, may be
/// missing.
Stats stats();
void reset_peak();
/// Gives large blocks that wait back to the system.
void trim() noexcept;

}  // namespace taper::memory
