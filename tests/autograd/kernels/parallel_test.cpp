#include "autograd/kernels/parallel.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/error_text.h"

BOOST_AUTO_TEST_SUITE(parallel)

BOOST_AUTO_TEST_CASE(errors) {
  BOOST_TEST(taper::test::error_text([] { taper::set_num_threads(0); }) ==
             "set_num_threads: 0 threads; expected at least 1");
}

BOOST_AUTO_TEST_SUITE_END()
