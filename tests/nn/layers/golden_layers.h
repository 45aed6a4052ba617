#pragma once

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/tensor.h"
#include "tests/golden/golden.h"
#include "tests/support/values.h"

namespace taper::test {

inline const golden::json& layers_json() {
  static const golden::json file = golden::read("layers.json");
  return file;
}

/// Compares the elements of the tensors, one after the other, with the numbers of a JSON list.
inline void check_values(const tensor_list& tensors, const golden::json& expected,
                         double tolerance = 1e-7) {
  std::vector<double> got;
  for (const Tensor& t : tensors)
    for (double v : values(t)) got.push_back(v);
  BOOST_REQUIRE_EQUAL(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    BOOST_TEST(golden::close(got[i], golden::to_number(expected[i]), tolerance),
               got[i] << " instead of " << expected[i] << " at " << i);
}

inline bool equal(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && a.ne(b).sum().item<int64_t>() == 0;
}

}  // namespace taper::test
