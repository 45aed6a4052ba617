#include "autograd/tensor/shape.h"

#include <algorithm>
#include <ostream>

#include "autograd/tensor/error.h"

namespace taper {

void Shape::throw_dims(size_t dims) {
  fail("shape", "{} dimensions; expected at most {}", dims, max_dims);
}

Shape::Shape(size_t size, int64_t value) : size_(size) {
  if (size > size_t(max_dims)) throw_dims(size);
  std::fill_n(values_, size, value);
}

void Shape::push_back(int64_t value) { insert(size_, value); }

void Shape::insert(size_t at, int64_t value) {
  if (size_ >= size_t(max_dims)) throw_dims(size_ + 1);
  std::copy_backward(begin() + at, end(), end() + 1);
  values_[at] = value;
  ++size_;
}

void Shape::erase(size_t at) {
  std::copy(begin() + at + 1, end(), begin() + at);
  --size_;
}

int64_t numel(IntList sizes, const char* op) {
  int64_t n = 1;
  bool empty = false, overflow = false;
  for (int64_t s : sizes) {
    empty |= s == 0;
    overflow |= __builtin_mul_overflow(n, s ? s : 1, &n);
  }
  if (overflow) fail(op, "shape {} is too large; expected fewer than 2^63 elements", sizes);
  return empty ? 0 : n;
}

Shape contiguous_strides(IntList sizes) {
  Shape strides(sizes);
  int64_t step = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = step;
    step *= std::max<int64_t>(sizes[i], 1);
  }
  return strides;
}

bool is_contiguous(IntList sizes, IntList strides) {
  int64_t step = 1;
  if (numel(sizes) == 0) return true;
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] != 1 && strides[i] != step) return false;
    step *= sizes[i];
  }
  return true;
}

int64_t wrap_dim(std::string_view op, int64_t d, size_t dims) {
  int64_t n = std::max<int64_t>(int64_t(dims), 1);
  if (d < -n || d >= n)
    fail_index(op, "dimension {} is out of range; expected {} to {}", d, -n, n - 1);
  return d < 0 ? d + n : d;
}

Shape broadcast_shapes(std::string_view op, IntList a, IntList b) {
  if (a == b) return a;
  Shape out(a.size() >= b.size() ? a : b);
  IntList low = a.size() >= b.size() ? b : a;
  size_t lead = out.size() - low.size();
  for (size_t i = 0; i < low.size(); ++i) {
    int64_t& size = out[lead + i];
    if (size == low[i] || low[i] == 1) continue;
    if (size != 1)
      fail(op,
           "shapes {} and {} do not broadcast; expected equal sizes or 1 in dimension {}, not {} "
           "and {}",
           a, b, int64_t(i) - int64_t(low.size()), a[a.size() - low.size() + i],
           b[b.size() - low.size() + i]);
    size = low[i];
  }
  return out;
}

std::string to_string(IntList sizes) {
  std::string out = "[";
  for (size_t i = 0; i < sizes.size(); ++i) out += (i ? ", " : "") + std::to_string(sizes[i]);
  return out + "]";
}

std::ostream& operator<<(std::ostream& out, IntList sizes) { return out << to_string(sizes); }

}  // namespace taper

fmt::appender fmt::formatter<taper::IntList>::format(const taper::IntList& list,
                                                     fmt::format_context& context) const {
  return write(taper::to_string(list), context);
}
