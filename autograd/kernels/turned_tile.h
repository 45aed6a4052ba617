#pragma once

#include <cstddef>
#include <cstdint>

namespace taper::kernels {

/// A dimension of a copy: its size, and how far apart both sides' elements are.
struct CopyDim {
  int64_t size, from, to;
};

/// Side of the square tiles that are turned: one of 8-byte elements leaves room in the first cache.
inline constexpr int64_t turned_tile = 64;

/// to[i * rows.to + j * columns.to] = from[i * rows.from + j * columns.from], for at most
/// turned_tile rows and columns of elements of 1, 2, 4 or 8 bytes; fast where rows.from and
/// columns.to are 1. `stream`: whole cache lines go past the caches, until flush_streams().
void copy_turned_tile(size_t bytes, const void* from, const CopyDim& rows, const CopyDim& columns,
                      void* to, bool stream);
void flush_streams();

}  // namespace taper::kernels
