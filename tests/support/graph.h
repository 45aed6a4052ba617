#pragma once

#include <boost/test/unit_test.hpp>

#include "autograd/gradcheck/numeric.h"
#include "autograd/tensor/factories.h"

namespace taper::test {

inline const TensorOptions doubles{.dtype = float64};
inline const TensorOptions leaf{.dtype = float64, .requires_grad = true};

/// The elements in row-major order, for BOOST_TEST(values(x) == ..., per_element()).
inline std::vector<double> values(const Tensor& x) { return gradcheck_detail::values(x); }

using Values = std::vector<double>;

}  // namespace taper::test

#define TEST_VALUES(x, ...)                                               \
  BOOST_TEST(taper::test::values(x) == (taper::test::Values __VA_ARGS__), \
             boost::test_tools::per_element())
