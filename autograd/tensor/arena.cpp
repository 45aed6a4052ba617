#include "autograd/tensor/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

namespace taper::memory {

namespace {

constexpr size_t huge_page = size_t(1) << 21;

/// As much as the machine has memory: whoever asks for more than there is shall be refused.
size_t bytes_of_machine() {
  return size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGESIZE));
}

/// Address space without memory; null if there is none.
void* reserve(size_t bytes) noexcept {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return data == MAP_FAILED ? nullptr : data;
}

}  // namespace

/// Bins of pages: 1 to 8 apart, then eight to each doubling; a bin's ranges have at least its size.
size_t Arena::bin_of(uint32_t pages) {
  if (pages < 8) return pages;
  int doubling = int(std::bit_width(pages)) - 1;
  return size_t(doubling - 2) * 8 + (pages >> (doubling - 3) & 7);
}

bool Arena::open() noexcept {
  if (end_) return end_ > 1;
  size_t pages = std::min(bytes_of_machine() / page, size_t(UINT32_MAX) - 2);
  void* data = reserve(pages * page + huge_page);
  void* ranges = data ? reserve((pages + 2) * sizeof(Range)) : nullptr;
  end_ = 1;
  if (!ranges) return false;
  size_t before = -reinterpret_cast<uintptr_t>(data) % huge_page;
  memory_ = static_cast<std::byte*>(data) + before - page;
  ranges_ = static_cast<Range*>(ranges);
  end_ += uint32_t(pages);
  madvise(memory_ + page, pages * page, MADV_HUGEPAGE);
  insert(1, uint32_t(pages), 0);
  return true;
}

/// The first page of a range that fits: of the bin of that size the smallest, else any of the next
/// one that has some. 0: none.
uint32_t Arena::find(uint32_t pages) const {
  size_t bin = bin_of(pages);
  uint32_t best = 0;
  for (uint32_t r = bin_[bin]; r; r = ranges_[r].next)
    if (ranges_[r].pages == pages)
      return r;
    else if (ranges_[r].pages > pages && (!best || ranges_[r].pages < ranges_[best].pages))
      best = r;
  if (best) return best;
  uint64_t above = ~uint64_t(0) << ++bin % 64;
  for (size_t word = bin / 64; word < filled_.size(); ++word, above = ~uint64_t(0))
    if (uint64_t bits = filled_[word] & above)
      return bin_[word * 64 + size_t(std::countr_zero(bits))];
  return 0;
}

void Arena::insert(uint32_t first, uint32_t pages, uint32_t used) {
  size_t bin = bin_of(pages);
  ranges_[first + pages - 1].pages = pages;
  ranges_[first] = {pages, used, bin_[bin], 0};
  if (bin_[bin]) ranges_[bin_[bin]].previous = first;
  bin_[bin] = first;
  filled_[bin / 64] |= uint64_t(1) << bin % 64;
  waiting_ += used;
}

Arena::Range Arena::remove(uint32_t first) {
  Range r = ranges_[first];
  size_t bin = bin_of(r.pages);
  (r.previous ? ranges_[r.previous].next : bin_[bin]) = r.next;
  if (r.next) ranges_[r.next].previous = r.previous;
  if (!bin_[bin]) filled_[bin / 64] &= ~(uint64_t(1) << bin % 64);
  ranges_[first].pages = ranges_[first + r.pages - 1].pages = 0;
  waiting_ -= r.used;
  return r;
}

void* Arena::take(size_t bytes) noexcept {
  if (!open() || bytes >= size_t(end_) * page) return nullptr;
  uint32_t pages = pages_of(bytes), first = find(pages);
  if (!first) return nullptr;
  Range r = remove(first);
  if (r.used < pages) ++requests_;
  if (r.pages > pages) insert(first + pages, r.pages - pages, r.used - std::min(r.used, pages));
  in_use_ += pages;
  return memory_ + size_t(first) * page;
}

void Arena::give(void* data, size_t bytes) noexcept {
  auto first = uint32_t(size_t(static_cast<std::byte*>(data) - memory_) / page);
  uint32_t pages = pages_of(bytes), used = pages;
  in_use_ -= pages;
  if (ranges_[first + pages].pages) {
    Range behind = remove(first + pages);
    pages += behind.pages;
    used += behind.used;
  }
  if (uint32_t before = ranges_[first - 1].pages) {
    first -= before;
    remove(first);
    pages += before;
    used += before;
  }
  insert(first, pages, used);
}

void Arena::drop(uint32_t first) noexcept {
  Range r = remove(first);
  madvise(memory_ + size_t(first) * page, size_t(r.used) * page, MADV_DONTNEED);
  insert(first, r.pages, 0);
}

void Arena::trim(int64_t most) noexcept {
  for (size_t bin = bins; bin-- > 0 && waiting() > most;)
    for (uint32_t r = bin_[bin], next = 0; r && waiting() > most; r = next) {
      next = ranges_[r].next;
      if (ranges_[r].used) drop(r);
    }
}

}  // namespace taper::memory
