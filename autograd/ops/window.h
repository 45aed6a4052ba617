#pragma once

#include <limits>

#include "autograd/ops/op.h"

namespace taper::ops {

inline Shape shape_of(Int2 v) { return {v.h, v.w}; }

/// Throws unless both parts of a kernel, stride, padding or dilation lie between `least` and what
/// keeps sizes computed from them in 64 bits.
inline void check_window_option(const OpInfo& info, const char* name, Int2 v, int64_t least) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (std::min(v.h, v.w) < least || std::max(v.h, v.w) > most)
    fail(info.name, "{} is {}; expected {} to {}", name, shape_of(v), least, most);
}

}  // namespace taper::ops
