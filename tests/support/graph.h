#pragma once

#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "tests/support/options.h"
#include "tests/support/values.h"

/// Compares the elements in row-major order: TEST_VALUES(x, {1, 2}).
#define TEST_VALUES(x, ...)                                               \
  BOOST_TEST(taper::test::values(x) == (taper::test::Values __VA_ARGS__), \
             boost::test_tools::per_element())
