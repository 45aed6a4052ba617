#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/tensor/error.h"

namespace taper::nn {

/// Values by name, in the order in which they were added: `for (auto& [name, p] :
/// net.named_parameters())`.
template <class T>
class OrderedDict {
 public:
  using Item = std::pair<std::string, T>;

  /// Adds a value at the end.
  void insert(std::string name, T value) { items_.emplace_back(std::move(name), std::move(value)); }

  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  /// How many there are.
  size_t size() const { return items_.size(); }
  bool is_empty() const { return items_.empty(); }
  /// The first and the last; there must be one.
  const Item& front() const { return items_.front(); }
  const Item& back() const { return items_.back(); }
  /// The i-th item; throws IndexError if there is none.
  template <std::integral I>
  const Item& operator[](I i) const {
    if (i < I(0) || size_t(i) >= size())
      fail_index("OrderedDict", "there is no item {}; expected below {}", i, size());
    return items_[size_t(i)];
  }

  /// The value of that name, or null.
  const T* find(std::string_view name) const {
    for (const Item& item : items_)
      if (item.first == name) return &item.second;
    return nullptr;
  }
  bool contains(std::string_view name) const { return find(name); }
  /// The value of that name; throws IndexError if there is none.
  const T& operator[](std::string_view name) const {
    const T* value = find(name);
    if (!value) fail_index("OrderedDict", "there is no \"{}\"; expected one of its names", name);
    return *value;
  }
  const T& operator[](const char* name) const { return (*this)[std::string_view(name)]; }

  /// All names, and all values, in order.
  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (const Item& item : items_) out.push_back(item.first);
    return out;
  }
  std::vector<T> values() const {
    std::vector<T> out;
    for (const Item& item : items_) out.push_back(item.second);
    return out;
  }

 private:
  std::vector<Item> items_;
};

}  // namespace taper::nn
