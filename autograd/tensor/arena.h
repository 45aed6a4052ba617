#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// Large blocks, cut from one stretch of address space.
namespace taper::memory {

/// Ranges of pages. A request takes the front of a free range that is as large as asked for or a
/// little larger, if find() comes across one, else of any larger one; what is given back joins the
/// free ranges beside it, so that blocks of one size serve for another. The system gives memory to
/// a page when it is first written, in huge pages. Not safe to share without a lock.
class Arena {
 public:
  static constexpr size_t page = 4096;

  /// Null if no such range is found.
  void* take(size_t bytes) noexcept;
  /// Takes back what take(bytes) gave.
  void give(void* data, size_t bytes) noexcept;
  /// Gives memory of free ranges back to the system until at most so many bytes of it are left.
  void trim(int64_t most) noexcept;

  bool holds(const void* data) const {
    return memory_ && data > memory_ && data < memory_ + size_t(end_) * page;
  }
  /// Bytes of ranges in use, and of free ones that may have memory.
  int64_t in_use() const { return in_use_ * int64_t(page); }
  int64_t waiting() const { return waiting_ * int64_t(page); }
  /// Bytes of ranges that were in use at once.
  int64_t most_in_use() const { return most_in_use_ * int64_t(page); }
  /// How often a range had less memory than was asked for.
  int64_t requests() const { return requests_; }

 private:
  /// Of the first page of a free range; the last page knows the count. 0 pages: in use.
  struct Range {
    uint32_t pages = 0;
    uint32_t start = 0, used = 0;     ///< only so many pages from `start` on may have memory
    uint32_t next = 0, previous = 0;  ///< in the list of its bin; 0: none
  };
  static constexpr size_t bins = 256;

  static size_t bin_of(uint32_t pages);
  static uint32_t pages_of(size_t bytes) { return uint32_t((bytes + page - 1) / page); }
  bool open() noexcept;
  bool map(size_t pages) noexcept;
  uint32_t find(uint32_t pages) const;
  void insert(uint32_t first, Range r);
  Range remove(uint32_t first);
  Range joined(uint32_t first, const Range& a, Range b) noexcept;
  void give_back(uint32_t first, uint32_t pages) noexcept;
  void drop(uint32_t first, uint32_t pages) noexcept;

  std::byte* memory_ = nullptr;  ///< where page 0 would be; pages count from 1
  Range* ranges_ = nullptr;      ///< one for each page
  uint32_t end_ = 0;             ///< behind the last page; 1 if there is no address space
  int64_t in_use_ = 0, most_in_use_ = 0, waiting_ = 0;  ///< in pages
  int64_t requests_ = 0;
  std::array<uint32_t, bins> bin_{};
  std::array<uint64_t, bins / 64> filled_{};  ///< bits of the bins that have a range
};

}  // namespace taper::memory
