#include "autograd/tensor/scalar.h"

#include <cmath>
#include <limits>
#include <utility>

#include "autograd/tensor/error.h"

namespace taper {

bool Scalar::fits(Dtype dtype) const {
  return dispatch(dtype, [this](auto t) {
    using T = decltype(t);
    using Limits = std::numeric_limits<T>;
    if constexpr (std::is_same_v<T, bool>) {
      return true;
    } else if constexpr (std::is_floating_point_v<T>) {
      return kind_ != float64 || !std::isfinite(real_) || std::abs(real_) <= double(Limits::max());
    } else {
      if (kind_ != float64) return std::in_range<T>(integer_);
      if (sizeof(T) == 8) return real_ >= double(Limits::min()) && real_ < -double(Limits::min());
      return real_ > double(Limits::min()) - 1 && real_ < double(Limits::max()) + 1;  // not for NaN
    }
  });
}

void check_fits(std::string_view op, Scalar value, Dtype dtype) {
  if (value.fits(dtype)) return;
  if (value.kind() == float64)
    fail(op, "the value {} does not fit into {}", value.to_double(), dtype);
  fail(op, "the value {} does not fit into {}", value.to_int(), dtype);
}

}  // namespace taper
