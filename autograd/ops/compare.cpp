#include "autograd/ops/pointwise.h"

namespace taper::ops {

COMPARE(Eq, eq, a == b, "Whether the elements of each pair are equal")
COMPARE(Ne, ne, a != b, "Whether the elements of each pair differ")
COMPARE(Lt, lt, a < b, "Whether the first element of each pair is less")
COMPARE(Le, le, a <= b, "Whether the first element of each pair is less or equal")
COMPARE(Gt, gt, a > b, "Whether the first element of each pair is greater")
COMPARE(Ge, ge, a >= b, "Whether the first element of each pair is greater or equal")

}  // namespace taper::ops

#define FAMILY "autograd/ops/compare.def"
#include "autograd/ops/define.h"
