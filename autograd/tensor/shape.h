#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/tensor/text.h"

namespace taper {

/// A tensor has at most this many dimensions.
inline constexpr int max_dims = 12;

/// A read-only list of integers, borrowed: converts from `{2, 3}`, a single int, a vector, a Shape.
class IntList {
 public:
  IntList() : data_(&single_), size_(0) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) IntList(T value)
      : single_(int64_t(value)), data_(&single_), size_(1) {}
  IntList(std::initializer_list<int64_t> list) : size_(list.size()) { data_ = std::data(list); }
  IntList(const std::vector<int64_t>& list) : data_(list.data()), size_(list.size()) {}
  IntList(const int64_t* data, size_t size) : data_(data), size_(size) {}
  IntList(const IntList& other) { *this = other; }
  IntList& operator=(const IntList& other) {
    single_ = other.single_;
    data_ = other.data_ == &other.single_ ? &single_ : other.data_;
    size_ = other.size_;
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const int64_t* data() const { return data_; }
  const int64_t* begin() const { return data_; }
  const int64_t* end() const { return data_ + size_; }
  int64_t operator[](size_t i) const { return data_[i]; }
  int64_t front() const { return data_[0]; }
  int64_t back() const { return data_[size_ - 1]; }
  /// `count` entries from `first`; without count to the end.
  IntList slice(size_t first, size_t count) const { return IntList(data_ + first, count); }
  IntList slice(size_t first) const { return slice(first, size_ - first); }
  std::vector<int64_t> vec() const { return {begin(), end()}; }
  friend bool operator==(const IntList& a, const IntList& b) {
    if (a.size_ != b.size_) return false;
    for (size_t i = 0; i < a.size_; ++i)
      if (a.data_[i] != b.data_[i]) return false;
    return true;
  }

 private:
  int64_t single_ = 0;
  const int64_t* data_;
  size_t size_;
};

/// Sizes or strides of a tensor, held in place.
class Shape {
 public:
  Shape() {}
  Shape(std::initializer_list<int64_t> list) : Shape(IntList(list)) {}
  Shape(IntList list) {  ///< throws beyond max_dims
    if (list.size() > size_t(max_dims)) throw_dims(list.size());
    assign(list);
  }
  Shape(size_t size, int64_t value);
  Shape(const Shape& other) { assign(other); }
  Shape& operator=(const Shape& other) {
    assign(other);
    return *this;
  }

  operator IntList() const { return IntList(values_, size_); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t* data() { return values_; }
  const int64_t* data() const { return values_; }
  int64_t* begin() { return values_; }
  int64_t* end() { return values_ + size_; }
  const int64_t* begin() const { return values_; }
  const int64_t* end() const { return values_ + size_; }
  int64_t& operator[](size_t i) { return values_[i]; }
  int64_t operator[](size_t i) const { return values_[i]; }
  int64_t& back() { return values_[size_ - 1]; }
  int64_t back() const { return values_[size_ - 1]; }
  void push_back(int64_t value);  ///< throws beyond max_dims
  void insert(size_t at, int64_t value);
  void erase(size_t at);
  friend bool operator==(const Shape& a, const Shape& b) { return IntList(a) == IntList(b); }

 private:
  [[noreturn]] static void throw_dims(size_t dims);
  /// One by one: a wide copy of what was just written one by one waits until all of it is in the
  /// cache, 5 ns each time.
  void assign(IntList list) {
    size_ = list.size();
    for (size_t i = 0; i < size_; ++i) values_[i] = list[i];
  }

  size_t size_ = 0;
  int64_t values_[max_dims];  ///< the first size_ of them; beside size_, so that few lines are read
};

/// The product; 1 for no dimensions. Throws where it, zeros left out, reaches 2^63.
int64_t numel(IntList sizes, const char* op = "shape");
/// Row-major strides of a packed tensor.
Shape contiguous_strides(IntList sizes);
/// Whether strides are those of a packed row-major tensor (dimensions of size 1 do not matter).
bool is_contiguous(IntList sizes, IntList strides);
/// Dimension d counted from the end if negative; throws IndexError out of [-dims, dims).
int64_t wrap_dim(std::string_view op, int64_t d, size_t dims);
/// What two shapes broadcast to; throws Error where sizes differ and neither is 1.
Shape broadcast_shapes(std::string_view op, IntList a, IntList b);
/// "[2, 3]"
std::string to_string(IntList sizes);
std::ostream& operator<<(std::ostream& out, IntList sizes);

}  // namespace taper

template <>
struct fmt::formatter<taper::IntList> : taper::TextFormatter {
  fmt::appender format(const taper::IntList& list, fmt::format_context& context) const;
};
template <>
struct fmt::formatter<taper::Shape> : fmt::formatter<taper::IntList> {};
