#pragma once

// What gradcheck computes without the library's ops, so that a broken op cannot hide or break a
// check.

#include <cstdint>
#include <vector>

#include "autograd/tensor/tensor.h"

namespace taper::gradcheck_detail {

/// A small random generator of its own (splitmix64).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();
  /// Uniform in [0, 1).
  double uniform();
  /// Of either sign, its absolute value in [0.5, 1.5): no element of a projection vanishes.
  double weight();

 private:
  uint64_t state_;
};

/// Where t's elements lie in its storage, in elements, in row-major order.
std::vector<int64_t> places(const Tensor& t);
/// t's elements as doubles in row-major order; none if t is undefined.
std::vector<double> values(const Tensor& t);
/// The elements of a float64 tensor.
std::vector<double*> elements(const Tensor& t);
/// Whether two elements of t share a place.
bool overlaps(const Tensor& t);
/// Row-major position as an index.
std::vector<int64_t> index_of(IntList sizes, int64_t flat);
/// A leaf of that shape that requires grad, filled with weights.
Tensor random_weights(IntList sizes, Random& random);
/// Sum of weight * (a - b).
double projected_difference(const std::vector<double>& weight, const std::vector<double>& a,
                            const std::vector<double>& b);
/// The first position where a and b differ, NaN being equal to NaN; -1 if they do not.
int64_t first_difference(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace taper::gradcheck_detail
