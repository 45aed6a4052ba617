#include "autograd/tensor/arena.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <random>
#include <vector>

namespace {

using taper::memory::Arena;

constexpr size_t mega = size_t(1) << 20;

struct Block {
  unsigned char* data;
  size_t bytes;
  unsigned char value;

  /// Marks both ends of each page.
  template <class F>
  void each_mark(F f) const {
    for (size_t i = 0; i < bytes; i += Arena::page)
      f(data[i]), f(data[std::min(i + Arena::page, bytes) - 1]);
  }
  bool holds_value() const {
    bool holds = true;
    each_mark([&](unsigned char c) { holds &= c == value; });
    return holds;
  }
};

/// While it lives, the process gets only so many bytes of address space more than it has.
class AddressSpaceGuard {
 public:
  explicit AddressSpaceGuard(size_t more) {
    getrlimit(RLIMIT_AS, &before_);
    rlimit limit{rlim_t(reserved() + more), before_.rlim_max};
    BOOST_REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
  }
  ~AddressSpaceGuard() { setrlimit(RLIMIT_AS, &before_); }
  AddressSpaceGuard(const AddressSpaceGuard&) = delete;
  AddressSpaceGuard& operator=(const AddressSpaceGuard&) = delete;

  /// What the process has.
  static size_t reserved() {
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * size_t(sysconf(_SC_PAGESIZE));
  }

 private:
  rlimit before_{};
};

/// How many bytes of these have memory.
int64_t resident(void* data, size_t bytes) {
  std::vector<unsigned char> pages(bytes / Arena::page);
  mincore(data, bytes, pages.data());
  return std::ranges::count_if(pages, [](auto p) { return p & 1; }) * int64_t(Arena::page);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_arena)

BOOST_AUTO_TEST_CASE(neighbours_join_and_are_cut_again) {
  Arena arena;
  void* a = arena.take(4 * mega);
  void* b = arena.take(3 * mega);
  void* c = arena.take(5 * mega);
  BOOST_TEST((a && b && c));
  BOOST_TEST(arena.in_use() == int64_t(12 * mega));
  for (auto [data, size] : {std::pair(a, 4), {c, 5}, {b, 3}}) arena.give(data, size_t(size) * mega);
  BOOST_TEST(arena.in_use() == 0);
  BOOST_TEST(arena.waiting() == int64_t(12 * mega));
  int64_t requests = arena.requests();
  void* all = arena.take(12 * mega);
  BOOST_TEST(all == a);
  BOOST_TEST(arena.requests() == requests);
  arena.give(all, 12 * mega);
  BOOST_TEST(arena.take(mega) == a);
  BOOST_TEST(arena.take(mega) == static_cast<char*>(a) + mega);
  BOOST_TEST(arena.requests() == requests);
}

BOOST_AUTO_TEST_CASE(the_smallest_range_that_fits_is_cut) {
  Arena arena;
  std::vector<void*> blocks;
  for (size_t size : {8, 1, 3, 1, 4, 1}) blocks.push_back(arena.take(size * mega));
  arena.give(blocks[0], 8 * mega);
  arena.give(blocks[2], 3 * mega);
  arena.give(blocks[4], 4 * mega);
  BOOST_TEST(arena.take(3 * mega) == blocks[2]);
  BOOST_TEST(arena.take(3 * mega) == blocks[4]);
  BOOST_TEST(arena.take(5 * mega) == blocks[0]);
}

BOOST_AUTO_TEST_CASE(trimmed_ranges_have_no_memory) {
  Arena arena;
  void* a = arena.take(mega);
  void* b = arena.take(6 * mega);
  std::fill_n(static_cast<char*>(b), 6 * mega, 1);
  arena.give(b, 6 * mega);
  arena.trim(int64_t(6 * mega));
  BOOST_TEST(arena.waiting() == int64_t(6 * mega));
  arena.trim(0);
  BOOST_TEST(arena.waiting() == 0);
  int64_t requests = arena.requests();
  auto* again = static_cast<char*>(arena.take(6 * mega));
  BOOST_TEST(arena.requests() == requests + 1);
  BOOST_TEST(std::count(again, again + 6 * mega, 0) == int64_t(6 * mega));
  arena.give(again, 6 * mega);
  arena.give(a, mega);
}

BOOST_AUTO_TEST_CASE(only_what_is_too_much_is_trimmed) {
  Arena arena;
  std::vector<void*> blocks;
  for (size_t size : {6, 1, 9, 1}) blocks.push_back(arena.take(size * mega));
  auto* large = static_cast<char*>(blocks[2]);
  std::fill_n(large, 9 * mega, 1);
  arena.give(blocks[2], 9 * mega);
  arena.give(blocks[0], 6 * mega);
  arena.trim(int64_t(15 * mega) - 1);
  BOOST_TEST(arena.waiting() == int64_t(15 * mega - Arena::page));
  BOOST_TEST(std::count(large, large + 9 * mega, 0) == int64_t(Arena::page));
  BOOST_TEST(large[9 * mega - Arena::page] == 0);
  arena.trim(int64_t(5 * mega));
  BOOST_TEST(arena.waiting() == int64_t(5 * mega));
  int64_t requests = arena.requests();
  BOOST_TEST(arena.take(5 * mega) == blocks[0]);
  BOOST_TEST(arena.requests() == requests);
}

BOOST_AUTO_TEST_CASE(pages_without_memory_do_not_wait) {
  Arena arena;
  size_t huge = size_t(1) << 30, small = size_t(1) << 17;
  void* a = arena.take(huge);
  void* b = arena.take(small);
  arena.give(a, huge);
  arena.trim(0);
  arena.give(b, small);
  BOOST_TEST(arena.waiting() == int64_t(small));
  int64_t requests = arena.requests();
  BOOST_TEST(arena.take(huge + small) == a);
  BOOST_TEST(arena.requests() == requests + 1);
}

BOOST_AUTO_TEST_CASE(around_a_hole_the_larger_part_stays) {
  for (size_t front : {4, 1}) {
    Arena arena;
    auto* a = static_cast<char*>(arena.take(8 * mega));
    auto* b = static_cast<char*>(arena.take(2 * mega));
    void* c = arena.take(mega);
    std::fill_n(a, 10 * mega, 1);
    arena.give(a, 8 * mega);
    arena.trim(int64_t(front * mega));
    arena.give(b, 2 * mega);
    BOOST_TEST(arena.waiting() == int64_t(std::max(front, size_t(2)) * mega));
    BOOST_TEST(resident(a, 10 * mega) == arena.waiting());
    arena.give(c, mega);
  }
}

BOOST_AUTO_TEST_CASE(a_limited_address_space_is_shared) {
  AddressSpaceGuard limited(1000 * mega);
  size_t before = AddressSpaceGuard::reserved();
  Arena arena;
  void* block = arena.take(100 * mega);
  size_t taken = AddressSpaceGuard::reserved() - before;
  BOOST_TEST(block != nullptr);
  BOOST_TEST(taken <= 510 * mega);
  BOOST_TEST(!arena.take(600 * mega));
  if (block) arena.give(block, 100 * mega);
  BOOST_TEST(arena.waiting() == int64_t(100 * mega));
}

BOOST_AUTO_TEST_CASE(without_address_space_there_is_no_arena) {
  AddressSpaceGuard limited(50 * mega);
  size_t before = AddressSpaceGuard::reserved();
  Arena arena;
  BOOST_TEST(!arena.take(mega));
  BOOST_TEST(AddressSpaceGuard::reserved() - before < mega);
}

BOOST_AUTO_TEST_CASE(a_full_bin_is_not_walked) {
  Arena arena;
  std::vector<void*> blocks;
  for (int i = 0; i < 200; ++i) {
    blocks.push_back(arena.take(64 * Arena::page));
    blocks.push_back(arena.take(Arena::page));
  }
  void* large = arena.take(80 * Arena::page);
  void* last = arena.take(Arena::page);
  arena.give(large, 80 * Arena::page);
  for (size_t i = 0; i < blocks.size(); i += 2) arena.give(blocks[i], 64 * Arena::page);
  BOOST_TEST(arena.take(65 * Arena::page) == large);  // its bin has 200 that are smaller
  BOOST_TEST(arena.take(64 * Arena::page) == blocks[398]);
  arena.give(last, Arena::page);
}

BOOST_AUTO_TEST_CASE(what_the_machine_does_not_have_is_refused) {
  Arena arena;
  BOOST_TEST(!arena.take(size_t(1) << 46));
}

BOOST_AUTO_TEST_CASE(blocks_never_overlap) {
  Arena arena;
  std::mt19937 random(1);
  std::vector<Block> blocks;
  bool all_hold = true;
  int64_t bytes = 0;
  auto pages = [](size_t n) { return int64_t((n + Arena::page - 1) / Arena::page * Arena::page); };
  for (int i = 0; i < 20000; ++i) {
    if (blocks.size() < 20 || (blocks.size() < 60 && random() % 2)) {
      size_t size = 1 + random() % (random() % 4 ? 200000 : 3000000);
      Block b{static_cast<unsigned char*>(arena.take(size)), size, uint8_t(random())};
      b.each_mark([&](unsigned char& c) { c = b.value; });
      bytes += pages(size);
      blocks.push_back(b);
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      all_hold &= blocks.back().holds_value();
      bytes -= pages(blocks.back().bytes);
      arena.give(blocks.back().data, blocks.back().bytes);
      blocks.pop_back();
    }
    if (i % 1000 == 0) arena.trim(int64_t(10 * mega));
    if (i % 1000 == 500) arena.trim(arena.waiting() * 7 / 8);
    if (random() % 200 == 0) arena.trim(int64_t(random() % 4 * mega));
    all_hold &= arena.in_use() == bytes;
  }
  BOOST_TEST(all_hold);
  for (const Block& b : blocks) arena.give(b.data, b.bytes);
  BOOST_TEST(arena.in_use() == 0);
  BOOST_TEST(arena.take(100 * mega) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
