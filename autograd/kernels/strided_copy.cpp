#include "autograd/kernels/strided_copy.h"

#include <cstdlib>
#include <cstring>

#include "autograd/kernels/strided_loop.h"
#include "autograd/kernels/turned_tile.h"

namespace taper::kernels {

namespace {

using Dim = CopyDim;

/// Sorted by the destination's strides, the largest first; those that both sides step through
/// evenly are one.
class Dims {
 public:
  Dims(IntList sizes, const Shape& from, const Shape& to) {
    for (size_t d = 0; d < sizes.size(); ++d)
      if (sizes[d] != 1) insert({sizes[d], from[d], to[d]});
    merge();
  }
  size_t size() const { return size_; }
  Dim& operator[](size_t d) { return dims_[d]; }
  const Dim& operator[](size_t d) const { return dims_[d]; }
  /// Whether two indices may name one destination.
  bool overlap() const {
    int64_t reach = 0;
    for (size_t d = size_; d-- > 0; reach += (dims_[d].size - 1) * dims_[d].to)
      if (dims_[d].to <= reach) return true;
    return false;
  }
  Dim remove(size_t d) {
    Dim dim = dims_[d];
    std::copy(dims_ + d + 1, dims_ + size_--, dims_ + d);
    return dim;
  }

 private:
  void insert(Dim dim) {
    size_t d = size_++;
    for (; d > 0 && dims_[d - 1].to < dim.to; --d) dims_[d] = dims_[d - 1];
    dims_[d] = dim;
  }
  void merge() {
    size_t kept = 0;
    for (size_t d = 0; d < size_; ++d) {
      Dim inner = dims_[d];
      Dim& outer = dims_[kept ? kept - 1 : 0];
      if (kept && outer.from == inner.from * inner.size && outer.to == inner.to * inner.size)
        outer = {outer.size * inner.size, inner.from, inner.to};
      else
        dims_[kept++] = inner;
    }
    size_ = kept;
  }

  Dim dims_[max_dims];
  size_t size_ = 0;
};

/// From so many bytes on the destination goes past the caches, which it would only clear.
constexpr int64_t streamed_bytes = 8 << 20;

constexpr int64_t tile = turned_tile;

/// Copies where the source runs along another dimension than the destination: in tiles that are
/// read along the one, and turned on the way into a buffer, and written along the other.
template <class T>
class TurnedCopy {
 public:
  /// `rows`: the dimension that the source runs along; the last one is the destination's.
  TurnedCopy(Dims dims, size_t rows, const T* from, T* to) : from_(from), to_(to), outer_(dims) {
    columns_ = outer_.remove(outer_.size() - 1);
    rows_ = outer_.remove(rows);
    for (size_t d = 0; d < outer_.size(); ++d) planes_ *= outer_[d].size;
    stream_ = elements() * int64_t(sizeof(T)) >= streamed_bytes;
  }
  void run() const {
    int64_t tiles = planes_ * tiles_of(rows_) * tiles_of(columns_);
    double each = cost::turned_copy * double(elements()) / double(std::max<int64_t>(tiles, 1));
    parallel_for(tiles, grain_for(each), [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) copy_tile(t);
      if (stream_) flush_streams();
    });
  }

 private:
  static int64_t tiles_of(const Dim& d) { return (d.size + tile - 1) / tile; }
  int64_t elements() const { return planes_ * rows_.size * columns_.size; }

  /// The tile of this number, clipped; those of one plane follow the destination.
  void copy_tile(int64_t t) const {
    int64_t column = t % tiles_of(columns_) * tile;
    t /= tiles_of(columns_);
    int64_t row = t % tiles_of(rows_) * tile;
    t /= tiles_of(rows_);
    const T* from = from_ + row * rows_.from + column * columns_.from;
    T* to = to_ + row * rows_.to + column * columns_.to;
    for (size_t d = outer_.size(); d-- > 0; t /= outer_[d].size) {
      int64_t index = t % outer_[d].size;
      from += index * outer_[d].from;
      to += index * outer_[d].to;
    }
    Dim rows = rows_, columns = columns_;
    rows.size = std::min(tile, rows.size - row);
    columns.size = std::min(tile, columns.size - column);
    copy_turned_tile(sizeof(T), from, rows, columns, to, stream_);
  }

  const T* from_;
  T* to_;
  Dims outer_;
  Dim rows_{}, columns_{};
  int64_t planes_ = 1;
  bool stream_ = false;
};

/// The dimension that the source runs along, where that is another than the destination's (the
/// last one, which is returned otherwise).
size_t source_run(const Dims& dims) {
  size_t best = dims.size() - 1;
  if (dims[best].from == 0) return best;
  for (size_t d = 0; d + 1 < dims.size(); ++d)
    if (dims[d].from != 0 && std::abs(dims[d].from) < std::abs(dims[best].from)) best = d;
  return best;
}

template <class T>
void copy_run(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t n) {
  if (to_step != 1)
    for (int64_t i = 0; i < n; ++i) to[i * to_step] = from[i * from_step];
  else if (from_step == 1)
    std::memmove(to, from, size_t(n) * sizeof(T));
  else if (from_step == 0)
    std::fill_n(to, n, *from);
  else
    for (int64_t i = 0; i < n; ++i) to[i] = from[i * from_step];
}

template <class T>
void copy_elements(IntList sizes, const T* from, const Shape& from_strides, T* to,
                   const Shape& to_strides) {
  auto run = [=](auto at, int64_t n, auto step) {
    copy_run(from + at[0], step[0], to + at[1], step[1], n);
  };
  Dims dims(sizes, from_strides, to_strides);
  if (dims.overlap()) return strided_loop<2>(sizes, {from_strides, to_strides}, run);
  size_t rows = dims.size() ? source_run(dims) : 0;
  if (rows + 1 < dims.size()) return TurnedCopy<T>(dims, rows, from, to).run();
  Shape sorted;
  std::array<Shape, 2> strides;
  for (size_t d = 0; d < dims.size(); ++d) {
    sorted.push_back(dims[d].size);
    strides[0].push_back(dims[d].from);
    strides[1].push_back(dims[d].to);
  }
  parallel_strided_loop<2>(sorted, strides, run);
}

}  // namespace

void strided_copy(size_t bytes, IntList sizes, const void* from, const Shape& from_strides,
                  void* to, const Shape& to_strides) {
  auto as = [&](auto t) {
    using T = decltype(t);
    copy_elements(sizes, static_cast<const T*>(from), from_strides, static_cast<T*>(to),
                  to_strides);
  };
  for (int64_t n : sizes)
    if (n == 0) return;
  switch (bytes) {
    case 1: return as(uint8_t{});
    case 2: return as(uint16_t{});
    case 4: return as(uint32_t{});
    default: return as(uint64_t{});
  }
}

void strided_copy(const Buffer& x, const Buffer& y) {
  size_t bytes = info(x.dtype).size;
  if (!(x.contiguous && y.contiguous && x.numel == y.numel))
    return strided_copy(bytes, y.sizes, x.data, broadcast_strides(x, y.sizes), y.data,
                        Shape(y.strides));
  const int64_t grain = grain_for(cost::pointwise * double(bytes));  // as its neighbours
  parallel_for(y.numel, grain, [&](int64_t begin, int64_t end) {
    std::memmove(y.as<std::byte>() + begin * int64_t(bytes),
                 x.as<std::byte>() + begin * int64_t(bytes), size_t(end - begin) * bytes);
  });
}

}  // namespace taper::kernels
