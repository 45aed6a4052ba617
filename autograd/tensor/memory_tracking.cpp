#include "autograd/tensor/memory_tracking.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "autograd/ops/op.h"
#include "autograd/tensor/thread_state.h"

namespace taper::memory {

namespace {

/// Of all storages that have a booking.
struct Books {
  std::mutex mutex;
  std::vector<std::pair<const OpInfo*, Tracked>> ops;
  Tracked total, retained;

  Tracked& of(const OpInfo* op) {
    for (auto& [other, use] : ops)
      if (other == op) return use;
    return ops.emplace_back(op, Tracked()).second;
  }

  void add(const OpInfo* op, int64_t bytes) {
    of(op).current += bytes;
    total.current += bytes;
    if (total.current > total.at_peak) note_peak();
  }

  void retain(int64_t bytes) {
    retained.current += bytes;
    // A result is saved only after its memory has made the peak.
    if (total.current == total.at_peak)
      retained.at_peak = std::max(retained.at_peak, retained.current);
  }

  void note_peak() {
    for (auto& [op, use] : ops) use.at_peak = use.current;
    total.at_peak = total.current;
    retained.at_peak = retained.current;
  }
};

/// Never destroyed: tensors may die after everything else.
Books& books() {
  static Books& all = *new Books;
  return all;
}

}  // namespace

TrackingGuard::TrackingGuard() : before_(std::exchange(thread_state.tracks_memory, true)) {}
TrackingGuard::~TrackingGuard() { thread_state.tracks_memory = before_; }

void book(Storage& storage, const OpInfo* op) {
  bool twice = storage.place == Storage::Place::apart && storage.blocks && storage.data;
  int64_t bytes = int64_t(storage.bytes) * (twice ? 2 : 1);
  storage.booking = new Booking{op, bytes};
  std::lock_guard lock(books().mutex);
  books().add(op, bytes);
}

void rebook(Storage& storage, const OpInfo* op) {
  if (!storage.booking) return book(storage, op);
  std::lock_guard lock(books().mutex);
  Booking& b = *storage.booking;
  books().add(b.op, -b.bytes);
  b.op = op;
  books().add(op, b.bytes);
}

void book_more(Storage& storage, size_t bytes) {
  std::lock_guard lock(books().mutex);
  Booking& b = *storage.booking;
  b.bytes += int64_t(bytes);
  if (b.saves) books().retained.current += int64_t(bytes);
  books().add(b.op, int64_t(bytes));
}

void book_saves(Storage& storage, int64_t saves) {
  std::lock_guard lock(books().mutex);
  Booking& b = *storage.booking;
  bool was_held = b.saves > 0;
  b.saves += saves;
  books().retain((int64_t(b.saves > 0) - int64_t(was_held)) * b.bytes);
}

void unbook(Storage& storage) noexcept {
  Booking* b = std::exchange(storage.booking, nullptr);
  {
    std::lock_guard lock(books().mutex);
    books().add(b->op, -b->bytes);
  }
  delete b;
}

void add_tracked(Stats& stats) {
  std::lock_guard lock(books().mutex);
  for (auto& [op, use] : books().ops)
    if (use.current || use.at_peak)
      stats.by_op.push_back({op ? op->name : "factory", use.current, use.at_peak});
  std::ranges::stable_sort(stats.by_op, std::greater(), &OpUse::at_peak);
  stats.retained = books().retained;
}

void reset_tracked_peak() {
  std::lock_guard lock(books().mutex);
  books().note_peak();
}

}  // namespace taper::memory
