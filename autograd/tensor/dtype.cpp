#include "autograd/tensor/dtype.h"

#include <ostream>

#include "autograd/tensor/error.h"

namespace taper {

static Dtype default_dtype = float32;

Dtype get_default_dtype() { return default_dtype; }

void set_default_dtype(Dtype dtype) {
  if (!is_floating_point(dtype))
    fail("set_default_dtype", "{} is no floating type; expected float32 or float64", dtype);
  default_dtype = dtype;
}

std::ostream& operator<<(std::ostream& out, Dtype dtype) { return out << info(dtype).name; }

}  // namespace taper

fmt::appender fmt::formatter<taper::Dtype>::format(taper::Dtype dtype,
                                                   fmt::format_context& context) const {
  return write(taper::info(dtype).name, context);
}
