#include "autograd/ops/pointwise.h"

#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

Tensor number(Scalar s, Dtype dtype) {
  if (s.fits(dtype)) return full({}, s, {.dtype = dtype});
  return full({}, s, {.dtype = s.kind()}).to(dtype);
}

Dtype number_dtype(Scalar s, const Tensor& x) {
  return info(s.kind()).category > info(x.dtype()).category ? s.natural_dtype() : x.dtype();
}

Tensor scalar_like(Scalar s, const Tensor& x) { return number(s, number_dtype(s, x)); }

Dtype result_type(const Tensor& a, const Tensor& b) {
  Dtype da = a.dtype(), db = b.dtype();
  if (da == db || (a.dim() == 0) == (b.dim() == 0)) return promote_types(da, db);
  auto [strong, weak] = a.dim() == 0 ? std::pair(db, da) : std::pair(da, db);
  return info(weak).category > info(strong).category ? weak : strong;
}

Tensor map_reference(const tensor_list& x, Dtype out, long double (*f)(const long double* x)) {
  return tabulate(common_shape(x), out, [&](const Shape& i) {
    long double values[4] = {};
    for (size_t k = 0; k < x.size(); ++k) values[k] = broadcast_at(x[k], i);
    return double(f(values));
  });
}

std::vector<Sample> unary_samples(double lo, double hi, Sample::Function run,
                                  Sample::Function reference) {
  std::vector<Sample> out;
  for (const auto& [sizes, label] : {std::pair<Shape, const char*>{{3, 4}, "matrix"},
                                     {{}, "0-dim"},
                                     {{2, 0}, "empty"},
                                     {{35}, "vector"}})
    out.emplace_back(std::vector<SampleInput>{{sizes, lo, hi}}, label, run, reference);
  return out;
}

std::vector<Sample> binary_samples(SampleInput a, SampleInput b, Sample::Function run,
                                   Sample::Function reference) {
  std::vector<Sample> out;
  auto add = [&](Shape sa, Shape sb, const char* label) {
    a.sizes = sa;
    b.sizes = sb;
    out.emplace_back(std::vector<SampleInput>{a, b}, label, run, reference);
  };
  add({3, 4}, {3, 4}, "same shape");
  add({3, 4}, {4}, "row");
  add({3, 1}, {1, 4}, "column and row");
  add({}, {2, 3}, "0-dim");
  add({2, 0}, {1, 1}, "empty");
  return out;
}

}  // namespace taper::ops
