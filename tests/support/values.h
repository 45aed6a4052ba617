#pragma once

#include <vector>

#include "autograd/tensor/tensor.h"

namespace taper::test {

using Values = std::vector<double>;

/// The elements in row-major order, read by strides alone; none if x is undefined.
inline Values values(const Tensor& x) {
  Values out;
  if (!x.defined()) return out;
  Buffer b = plain(x);
  Shape index(b.sizes.size(), 0);
  for (int64_t n = 0; n < b.numel; ++n) {
    int64_t at = 0;
    for (size_t d = 0; d < index.size(); ++d) at += index[d] * b.strides[d];
    dispatch(b.dtype, [&](auto t) { out.push_back(double(b.as<decltype(t)>()[at])); });
    for (size_t d = index.size(); d-- > 0 && ++index[d] == b.sizes[d];) index[d] = 0;
  }
  return out;
}

/// The text of a tensor on one line, for comparing values, type and shape at once.
inline std::string text(const Tensor& x) { return to_string(x, {.one_line = true}); }

}  // namespace taper::test
