#include "autograd/ops/pointwise.h"
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

/// Element `flat` (row-major, in `sizes`) of x broadcast to `sizes`.
static double element(const Tensor& x, IntList sizes, int64_t flat) {
  Buffer b = plain(x);
  int64_t at = 0;
  for (size_t d = sizes.size(); d-- > 0; flat /= sizes[d]) {
    size_t lead = sizes.size() - b.sizes.size();
    if (d >= lead && b.sizes[d - lead] != 1) at += flat % sizes[d] * b.strides[d - lead];
  }
  return dispatch(b.dtype, [&](auto t) { return double(b.as<decltype(t)>()[at]); });
}

Tensor map_reference(const tensor_list& x, Dtype out, double (*f)(const double* x)) {
  Shape sizes = x[0].sizes();
  for (const Tensor& t : x) sizes = broadcast_shapes("reference", sizes, t.sizes());
  Tensor y = empty(sizes, {.dtype = out});
  for (int64_t i = 0; i < y.numel(); ++i) {
    double values[4] = {};
    for (size_t k = 0; k < x.size(); ++k) values[k] = element(x[k], sizes, i);
    dispatch(out, [&](auto t) { y.data_ptr<decltype(t)>()[i] = decltype(t)(f(values)); });
  }
  return y;
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
