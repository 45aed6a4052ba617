#include "tests/support/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "autograd/gradcheck/numeric.h"

namespace taper::test {

using namespace gradcheck_detail;

static double largest(const std::vector<double>& v) {
  double out = 0;
  for (double x : v)
    if (std::isfinite(x)) out = std::max(out, std::abs(x));
  return out;
}

static bool close(double a, double b, double tolerance) {
  return a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= tolerance;
}

static std::string difference(const Tensor& got, const Tensor& expected, double tolerance) {
  if (!got.defined() && !expected.defined()) return {};
  const Tensor& shape = got.defined() ? got : expected;
  if (got.defined() && expected.defined() && !(got.sizes() == expected.sizes()))
    return fmt::format("shape {}, expected {}", got.sizes(), expected.sizes());
  std::vector<double> zeros(size_t(shape.numel()));
  std::vector<double> a = got.defined() ? values(got) : zeros,
                      b = expected.defined() ? values(expected) : zeros;
  for (size_t i = 0; i < a.size(); ++i)
    if (!close(a[i], b[i], tolerance * (1 + largest(b))))
      return fmt::format("{:.9g} at {}, expected {:.9g}", a[i], index_of(shape.sizes(), int64_t(i)),
                         b[i]);
  return {};
}

std::string difference(const tensor_list& got, const tensor_list& expected, double tolerance) {
  if (got.size() != expected.size())
    return fmt::format("{} tensors, expected {}", got.size(), expected.size());
  for (size_t k = 0; k < got.size(); ++k)
    if (std::string text = difference(got[k], expected[k], tolerance); !text.empty())
      return fmt::format("tensor {}: {}", k, text);
  return {};
}

}  // namespace taper::test
