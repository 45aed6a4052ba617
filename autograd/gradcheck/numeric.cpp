#include "autograd/gradcheck/numeric.h"

#include <algorithm>
#include <cmath>

#include "autograd/tensor/factories.h"

namespace taper::gradcheck_detail {

uint64_t Random::next() {
  uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double Random::uniform() { return double(next() >> 11) * 0x1p-53; }

double Random::weight() {
  double size = 0.5 + uniform();
  return next() & 1 ? size : -size;
}

std::vector<int64_t> places(const Tensor& t) {
  IntList sizes = t.sizes(), strides = t.strides();
  std::vector<int64_t> out(size_t(t.numel()));
  for (int64_t flat = 0; flat < t.numel(); ++flat) {
    int64_t rest = flat, at = 0;
    for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) at += rest % sizes[d] * strides[d];
    out[size_t(flat)] = at;
  }
  return out;
}

std::vector<double> values(const Tensor& t) {
  std::vector<double> out;
  if (!t.defined()) return out;
  Buffer b = plain(t);
  dispatch(b.dtype, [&](auto type) {
    for (int64_t at : places(t)) out.push_back(double(b.as<decltype(type)>()[at]));
  });
  return out;
}

std::vector<double*> elements(const Tensor& t) {
  std::vector<double*> out;
  for (int64_t at : places(t)) out.push_back(t.data_ptr<double>() + at);
  return out;
}

bool overlaps(const Tensor& t) {
  std::vector<int64_t> at = places(t);
  std::sort(at.begin(), at.end());
  return std::adjacent_find(at.begin(), at.end()) != at.end();
}

std::vector<int64_t> index_of(IntList sizes, int64_t flat) {
  std::vector<int64_t> out(sizes.size());
  for (size_t d = sizes.size(); d-- > 0; flat /= sizes[d]) out[d] = flat % sizes[d];
  return out;
}

Tensor random_weights(IntList sizes, Random& random) {
  Tensor t = empty(sizes, {.dtype = float64, .requires_grad = true});
  for (double* e : elements(t)) *e = random.weight();
  return t;
}

double projected_difference(const std::vector<double>& weight, const std::vector<double>& a,
                            const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < weight.size(); ++i) sum += weight[i] * (a[i] - b[i]);
  return sum;
}

int64_t first_difference(const std::vector<double>& a, const std::vector<double>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && !(std::isnan(a[i]) && std::isnan(b[i]))) return int64_t(i);
  return -1;
}

}  // namespace taper::gradcheck_detail
