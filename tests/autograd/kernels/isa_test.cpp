#include "autograd/kernels/isa.h"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <iostream>

#include "tests/support/error_text.h"

using taper::kernels::isa;
using taper::kernels::Isa;
using taper::kernels::isa_named;

BOOST_AUTO_TEST_SUITE(instruction_sets)

BOOST_AUTO_TEST_CASE(have_names) {
  BOOST_TEST(bool(isa_named("sse4") == Isa::sse4));
  BOOST_TEST(bool(isa_named("avx2") == Isa::avx2));
  BOOST_TEST(bool(isa_named("avx512") == Isa::avx512));
  BOOST_TEST(taper::test::error_text([] { isa_named("avx"); }) ==
             "TAPER_ISA: \"avx\"; expected sse4, avx2 or avx512");
}

/// ctest runs the kernels' tests with each; the text tells it that this machine cannot.
BOOST_AUTO_TEST_CASE(are_held_to_what_is_asked_for) {
  const char* name = std::getenv("TAPER_ISA");
  if (!name) return;
  BOOST_TEST(int(isa()) <= int(isa_named(name)));
  if (isa() != isa_named(name)) std::cout << "skipped: this CPU has no " << name << "\n";
}

BOOST_AUTO_TEST_SUITE_END()
