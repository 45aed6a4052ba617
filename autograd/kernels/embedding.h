#pragma once

#include <algorithm>

#include "autograd/kernels/parallel.h"
#include "autograd/tensor/buffer.h"

namespace taper::kernels {

// Buffers are packed: table [rows, width], indices (int64) [n], each in [0, rows).

/// y [n, width] = the rows of the table that the indices name.
template <class T>
void take_rows(const Buffer& table, const Buffer& indices, int64_t width, const Buffer& y) {
  const T* from = table.as<const T>();
  const int64_t* pick = indices.as<const int64_t>();
  T* to = y.as<T>();
  parallel_for(indices.numel, grain_for(cost::copy * double(width)),
               [=](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i)
                   std::copy_n(from + pick[i] * width, width, to + i * width);
               });
}

/// Adds the rows of x [n, width] to those of the table that the indices name, but not to row
/// `skip`. Threads share the columns, so that every sum has one order.
template <class T>
void add_rows(const Buffer& x, const Buffer& indices, int64_t width, int64_t skip,
              const Buffer& table) {
  const T* from = x.as<const T>();
  const int64_t* pick = indices.as<const int64_t>();
  T* to = table.as<T>();
  int64_t n = indices.numel;
  parallel_for(width, grain_for(cost::copy * double(n)), [=](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < n; ++i) {
      if (pick[i] == skip) continue;
      T* row = to + pick[i] * width;
      for (int64_t k = begin; k < end; ++k) row[k] += from[i * width + k];
    }
  });
}

}  // namespace taper::kernels
