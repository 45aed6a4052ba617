#pragma once

#include <concepts>
#include <variant>

#include "autograd/tensor/tensor.h"

namespace taper {

/// One entry of `x.index({...})`: an int, Slice, None, Ellipsis or "...", a bool, or a tensor of
/// indices or a mask.
class TensorIndex {
 public:
  using Value = std::variant<int64_t, Slice, NoneType, EllipsisType, bool, Tensor>;

  template <std::integral T>
  TensorIndex(T i) : value(int64_t(i)) {}
  TensorIndex(bool b) : value(b) {}
  TensorIndex(Slice s) : value(s) {}
  TensorIndex(NoneType n) : value(n) {}
  TensorIndex(std::nullopt_t) : value(NoneType()) {}
  TensorIndex(EllipsisType e) : value(e) {}
  TensorIndex(const char* dots);  ///< "..."
  TensorIndex(Tensor t) : value(std::move(t)) {}

  Value value;
};

}  // namespace taper
