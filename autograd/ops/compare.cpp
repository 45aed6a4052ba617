#include "autograd/ops/pointwise.h"

namespace taper::ops {

// clang-format off
COMPARE(Eq, eq, a == b, !(a < b || b < a), "Whether the elements of each pair are equal")
COMPARE(Ne, ne, a != b, a < b || b < a, "Whether the elements of each pair differ")
COMPARE(Lt, lt, a < b, b - a > 0, "Whether the first element of each pair is less")
COMPARE(Le, le, a <= b, !(a - b > 0), "Whether the first element of each pair is less or equal")
COMPARE(Gt, gt, a > b, a - b > 0, "Whether the first element of each pair is greater")
COMPARE(Ge, ge, a >= b, !(b - a > 0), "Whether the first element of each pair is greater or equal")
// clang-format on

}  // namespace taper::ops

#define FAMILY "autograd/ops/compare.def"
#include "autograd/ops/define.h"
