#include "autograd/tensor/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

namespace taper::memory {

namespace {

constexpr size_t huge_page = size_t(1) << 21;
constexpr size_t least_pages = (size_t(1) << 26) / Arena::page;  // fewer are not worth an arena
constexpr int most_candidates = 16;  // that find looks at in the bin of the size asked for

/// As much as the machine has memory; who asks for more gets nothing.
size_t bytes_of_machine() {
  return size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGESIZE));
}

/// Address space without memory; null if there is none.
void* reserve(size_t bytes) noexcept {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return data == MAP_FAILED ? nullptr : data;
}

void unreserve(void* data, size_t bytes) noexcept {
  if (data) munmap(data, bytes);
}

}  // namespace

/// Bins of pages: 1 to 8 apart, then eight to each doubling; a bin's ranges have at least its size.
size_t Arena::bin_of(uint32_t pages) {
  if (pages < 8) return pages;
  int doubling = int(std::bit_width(pages)) - 1;
  return size_t(doubling - 2) * 8 + (pages >> (doubling - 3) & 7);
}

/// The machine's memory, or, where address space is limited (by RLIMIT_AS, or because the system
/// counts it as memory), what leaves as much again to others.
bool Arena::open() noexcept {
  if (end_) return end_ > 1;
  end_ = 1;
  if (sysconf(_SC_PAGESIZE) != long(page)) return false;
  size_t pages = std::min(bytes_of_machine() / page, size_t(UINT32_MAX) - 2);
  while (pages >= least_pages && !map(pages)) pages /= 2;
  if (pages < least_pages) return false;
  end_ += uint32_t(pages);
  madvise(memory_ + page, pages * page, MADV_HUGEPAGE);
  insert(1, {.pages = uint32_t(pages)});
  return true;
}

bool Arena::map(size_t pages) noexcept {
  size_t bytes = pages * page + huge_page, bytes_of_ranges = (pages + 2) * sizeof(Range);
  void* data = reserve(bytes);
  void* ranges = reserve(bytes_of_ranges);
  void* others = reserve(bytes);
  bool fits = data && ranges && others;
  unreserve(others, bytes);
  if (!fits) {
    unreserve(data, bytes);
    unreserve(ranges, bytes_of_ranges);
    return false;
  }
  size_t before = -reinterpret_cast<uintptr_t>(data) % huge_page;
  memory_ = static_cast<std::byte*>(data) + before - page;
  ranges_ = static_cast<Range*>(ranges);
  return true;
}

/// The first page of a range that fits: of the newest ones of the bin of that size the smallest,
/// else any of the next bin that has some, whose ranges all fit. 0: found none.
uint32_t Arena::find(uint32_t pages) const {
  size_t bin = bin_of(pages);
  uint32_t best = 0;
  int candidates = most_candidates;
  for (uint32_t r = bin_[bin]; r && candidates-- > 0; r = ranges_[r].next)
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

void Arena::insert(uint32_t first, Range r) {
  size_t bin = bin_of(r.pages);
  r.next = bin_[bin];
  r.previous = 0;
  ranges_[first + r.pages - 1].pages = r.pages;
  ranges_[first] = r;
  if (r.next) ranges_[r.next].previous = first;
  bin_[bin] = first;
  filled_[bin / 64] |= uint64_t(1) << bin % 64;
  waiting_ += r.used;
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
  Range r = remove(first), rest{.pages = r.pages - pages};
  uint32_t end = r.start + r.used;
  rest.start = std::max(r.start, pages) - pages;
  rest.used = std::max(end, pages) - pages - rest.start;
  if (r.start || r.used < pages) ++requests_;
  if (rest.pages) insert(first + pages, rest);
  in_use_ += pages;
  most_in_use_ = std::max(most_in_use_, in_use_);
  return memory_ + size_t(first) * page;
}

void Arena::give(void* data, size_t bytes) noexcept {
  auto first = uint32_t(size_t(static_cast<std::byte*>(data) - memory_) / page);
  uint32_t pages = pages_of(bytes);
  Range r{.pages = pages, .used = pages};
  in_use_ -= pages;
  if (ranges_[first + pages].pages) r = joined(first, r, remove(first + pages));
  if (uint32_t before = ranges_[first - 1].pages) {
    first -= before;
    r = joined(first, remove(first), r);
  }
  insert(first, r);
}

/// The range from `first` of two that lie side by side. Of memory that does not join, the smaller
/// part goes back to the system.
Arena::Range Arena::joined(uint32_t first, const Range& a, Range b) noexcept {
  b.start += a.pages;
  Range both{.pages = a.pages + b.pages, .start = a.start, .used = a.used + b.used};
  if (a.used && b.used && a.start + a.used == b.start) return both;
  const Range &large = a.used < b.used ? b : a, &small = a.used < b.used ? a : b;
  if (small.used) give_back(first + small.start, small.used);
  both.start = large.start;
  both.used = large.used;
  return both;
}

void Arena::give_back(uint32_t first, uint32_t pages) noexcept {
  madvise(memory_ + size_t(first) * page, size_t(pages) * page, MADV_DONTNEED);
}

/// Gives the last so many pages that have memory back to the system.
void Arena::drop(uint32_t first, uint32_t pages) noexcept {
  Range r = remove(first);
  r.used -= pages;
  give_back(first + r.start + r.used, pages);
  insert(first, r);
}

void Arena::trim(int64_t most) noexcept {
  most /= int64_t(page);
  for (size_t bin = bins; bin-- > 0 && waiting_ > most;)
    for (uint32_t r = bin_[bin], next = 0; r && waiting_ > most; r = next) {
      next = ranges_[r].next;
      auto pages = uint32_t(std::min(int64_t(ranges_[r].used), waiting_ - most));
      if (pages) drop(r, pages);
    }
}

}  // namespace taper::memory
