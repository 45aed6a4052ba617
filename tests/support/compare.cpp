#include "tests/support/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "autograd/gradcheck/numeric.h"
#include "autograd/tensor/factories.h"

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
  if (got.defined() != expected.defined()) return got.defined() ? "defined" : "undefined";
  if (!got.defined()) return {};
  if (!(got.sizes() == expected.sizes()))
    return fmt::format("shape {}, expected {}", got.sizes(), expected.sizes());
  std::vector<double> a = values(got), b = values(expected);
  for (size_t i = 0; i < a.size(); ++i)
    if (!close(a[i], b[i], tolerance * (1 + largest(b))))
      return fmt::format("{:.9g} at {}, expected {:.9g}", a[i], index_of(got.sizes(), int64_t(i)),
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

static Tensor zeros_if_undefined(const Tensor& t, const Tensor& like) {
  return t.defined() || !like.defined() ? t : zeros(like.sizes(), {.dtype = like.dtype()});
}

std::string gradient_difference(tensor_list got, tensor_list expected, double tolerance) {
  for (size_t k = 0; k < std::min(got.size(), expected.size()); ++k) {
    got[k] = zeros_if_undefined(got[k], expected[k]);
    expected[k] = zeros_if_undefined(expected[k], got[k]);
  }
  return difference(got, expected, tolerance);
}

}  // namespace taper::test
