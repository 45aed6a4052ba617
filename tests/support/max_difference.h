#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/tensor/tensor.h"

namespace taper::test {

/// The largest |a - b|; infinite where shape or type differ, or one of the two alone is NaN.
inline double max_difference(const Tensor& a, const Tensor& b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!a.defined() || !b.defined()) return a.defined() == b.defined() ? 0 : infinity;
  if (!(a.sizes() == b.sizes()) || a.dtype() != b.dtype()) return infinity;
  Tensor pa = a.detach().contiguous().to(float64), pb = b.detach().contiguous().to(float64);
  double worst = 0;
  for (int64_t i = 0; i < pa.numel(); ++i) {
    double va = pa.data_ptr<double>()[i], vb = pb.data_ptr<double>()[i];
    if (std::isnan(va) && std::isnan(vb)) continue;
    if (va == vb) continue;
    double d = std::abs(va - vb);
    worst = std::isnan(d) ? infinity : std::max(worst, d);
  }
  return worst;
}

}  // namespace taper::test
