#pragma once

#include "autograd/tensor/memory.h"
#include "autograd/tensor/storage.h"

/// What memory::TrackingGuard switches on: which op made each storage, and which of them graphs
/// hold.
namespace taper::memory {

/// What is known of a storage that was made under a TrackingGuard.
struct Booking {
  const OpInfo* op;   ///< that made it; null: a factory
  int64_t bytes;      ///< of its elements, plain and in blocks
  int64_t saves = 0;  ///< saved values that hold it
};

/// Of a storage that has no booking.
[[gnu::cold]] void book(Storage& storage, const OpInfo* op);
/// The storage's memory now holds a result of another op; books it if it was not.
[[gnu::cold]] void rebook(Storage& storage, const OpInfo* op);
/// The storage takes more memory than it did.
[[gnu::cold]] void book_more(Storage& storage, size_t bytes);
/// So many more saved values hold the storage.
[[gnu::cold]] void book_saves(Storage& storage, int64_t saves);
/// The storage ends.
[[gnu::cold]] void unbook(Storage& storage) noexcept;

/// Adds by_op and retained.
void add_tracked(Stats& stats);
void reset_tracked_peak();

}  // namespace taper::memory
