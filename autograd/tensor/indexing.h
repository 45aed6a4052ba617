#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace taper {

class TensorIndex;

struct NoneType {};
struct EllipsisType {};

namespace indexing {
inline constexpr NoneType None;          ///< a new dimension of size 1; in Slice: to the end
inline constexpr EllipsisType Ellipsis;  ///< as many whole dimensions as are left
}  // namespace indexing

/// start:stop:step as in Python; bounds clamp, negative ones count from the end, step is positive.
struct Slice {
  struct Bound : std::optional<int64_t> {
    using std::optional<int64_t>::optional;
    Bound(NoneType) {}
  };
  Slice(Bound start = {}, Bound stop = {}, Bound step = {})
      : start(start.value_or(0)),
        stop(stop.value_or(std::numeric_limits<int64_t>::max())),
        step(step.value_or(1)) {}
  int64_t start, stop, step;
};

namespace indexing {
using taper::Slice;
}
using indexing::Ellipsis;
using indexing::None;

}  // namespace taper
