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
  std::string text = value.kind() == float64 ? fmt::format("{}", value.to_double())
                                             : fmt::format("{}", value.to_int());
  dispatch(dtype, [&](auto t) {
    using Limits = std::numeric_limits<decltype(t)>;
    fail(op, "the value {} does not fit into {}; expected {} to {}", text, dtype, +Limits::lowest(),
         +Limits::max());
  });
}

}  // namespace taper
