#include "autograd/kernels/pointwise.h"

#include <optional>
#include <span>

#include "autograd/kernels/parallel.h"

namespace taper::kernels {

namespace {

using Operands = std::span<const Buffer* const>;

/// Elements of a block: three of doubles fit into the first cache, half a page is worth a call.
constexpr int64_t block = 1024;

/// Rows from this length on are walked one by one; shorter ones are gathered into blocks.
constexpr int64_t long_row = 64;

size_t size_of(const Buffer& b) { return info(b.dtype).size; }

std::byte* at(const Buffer& b, int64_t i) { return b.as<std::byte>() + i * int64_t(size_of(b)); }

/// Memory of one block for each operand, of the widest type.
struct alignas(64) Blocks {
  std::byte memory[most_operands][size_t(block) * sizeof(int64_t)];
};

bool is_packed(const Buffer& x, const Buffer& y) { return x.contiguous && x.numel == y.numel; }

/// Elements [begin, end) of packed operands and of single numbers.
void run_packed(PackedLoop loop, const void* f, const Buffer& y, Operands x, bool any_single,
                int64_t begin, int64_t end) {
  const void* from[most_operands];
  if (!any_single) {
    for (size_t k = 0; k < x.size(); ++k) from[k] = at(*x[k], begin);
    return loop(f, at(y, begin), from, end - begin);
  }
  Blocks blocks;
  for (size_t k = 0; k < x.size(); ++k)
    if (!is_packed(*x[k], y))
      gather(blocks.memory[k], x[k]->data, {1, 0, std::min(block, end - begin), 0}, size_of(*x[k]));
  for (int64_t i = begin; i < end; i += block) {
    for (size_t k = 0; k < x.size(); ++k)
      from[k] = is_packed(*x[k], y) ? at(*x[k], i) : blocks.memory[k];
    loop(f, at(y, i), from, std::min(block, end - i));
  }
}

/// The common walk of y and the x over y's elements, and in which pieces.
struct Plan {
  StridedWalk walk;  ///< operand 0 is y
  int64_t piece = block;
  bool by_rows = false;

  Plan(const Buffer& y, Operands x) : walk(y, x) {
    by_rows = walk.row() >= long_row;
    int64_t period = by_rows ? 0 : walk.period(block / 2);
    if (period) piece = block / period * period;  // of which one serves for all
  }
};

void run_strided(PackedLoop loop, const void* f, const Plan& plan, int64_t begin, int64_t end) {
  Blocks blocks;
  std::optional<StridedCursor> cursors[most_operands];
  for (size_t k = 0; k < plan.walk.operands(); ++k)
    cursors[k].emplace(plan.walk, k, begin, plan.by_rows ? 0 : plan.piece, blocks.memory[k]);
  int64_t row = plan.walk.row();
  for (int64_t i = begin, n; i < end; i += n) {
    n = std::min(plan.piece, end - i);
    if (plan.by_rows) n = std::min(n, row - i % row);
    const void* from[most_operands];
    for (size_t k = 1; k < plan.walk.operands(); ++k) from[k - 1] = cursors[k]->read(n);
    loop(f, cursors[0]->place(n), from, n);
    cursors[0]->write(n);
  }
}

/// How many elements outweigh the start of a second thread: of one size as many whatever a vector
/// costs, so that neighbouring ops split alike and a thread finds what it wrote itself. A sum alone
/// would not need a thread so soon, gelu would sooner.
int64_t grain_of(Work work, const Buffer& y, Operands x) {
  size_t widest = size_of(y);
  for (const Buffer* b : x) widest = std::max(widest, size_of(*b));
  return grain_for(work == Work::calls ? cost::call : cost::pointwise * double(widest));
}

/// No loop of fewer elements is worth a second thread.
constexpr int64_t few = 256;

}  // namespace

void run_pointwise(PackedLoop loop, const void* f, Work work, const Buffer& y,
                   std::initializer_list<const Buffer*> operands) {
  Operands x(operands.begin(), operands.size());
  int64_t grain = y.numel <= few ? few : grain_of(work, y, x);
  bool simple = y.contiguous, any_single = false;
  for (const Buffer* b : x) {
    if (is_packed(*b, y)) continue;
    any_single = true;
    simple &= b->numel == 1;
  }
  if (y.numel == 0) return;
  if (simple)
    return parallel_for(y.numel, grain, [&](int64_t begin, int64_t end) {
      run_packed(loop, f, y, x, any_single, begin, end);
    });
  Plan plan(y, x);
  parallel_for(y.numel, grain,
               [&](int64_t begin, int64_t end) { run_strided(loop, f, plan, begin, end); });
}

}  // namespace taper::kernels
