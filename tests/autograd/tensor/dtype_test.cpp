#include "autograd/tensor/dtype.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <sstream>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/scalar.h"
#include "tests/support/error_text.h"
#include "tests/support/values.h"

using namespace taper;
using taper::test::text;

BOOST_AUTO_TEST_SUITE(dtype)

BOOST_AUTO_TEST_CASE(names_and_sizes) {
  BOOST_TEST(fmt::format("{} {} {} {} {} {}", float32, float64, int64, int32, uint8, boolean) ==
             "float32 float64 int64 int32 uint8 boolean");
  BOOST_TEST(fmt::format("{:>8}|", int64) == "   int64|");
  std::ostringstream out;
  out << float64;
  BOOST_TEST(out.str() == "float64");
  BOOST_TEST(info(float32).size == 4u);
  BOOST_TEST(info(boolean).size == 1u);
  BOOST_CHECK(kDouble == float64 && kLong == int64 && kInt == int32 && kByte == uint8 &&
              kBool == boolean && kFloat == float32 && kF32 == float32 && kUInt8 == uint8);
}

BOOST_AUTO_TEST_CASE(categories) {
  for (Dtype d : {float32, float64}) BOOST_TEST(is_floating_point(d));
  for (Dtype d : {boolean, uint8, int32, int64}) BOOST_TEST(is_integral(d));
}

BOOST_AUTO_TEST_CASE(promotion_is_the_larger) {
  BOOST_CHECK(promote_types(uint8, int32) == int32);
  BOOST_CHECK(promote_types(int64, float32) == float32);
  BOOST_CHECK(promote_types(boolean, uint8) == uint8);
  BOOST_CHECK(promote_types(float64, float32) == float64);
}

BOOST_AUTO_TEST_CASE(types_of_cpp) {
  for (int d = 0; d < dtype_count; ++d)
    dispatch(Dtype(d), [&](auto t) {
      BOOST_CHECK(dtype_of<decltype(t)>() == Dtype(d));
      BOOST_TEST(info(Dtype(d)).size == sizeof(t));
    });
}

BOOST_AUTO_TEST_CASE(conversion_truncates_and_wraps) {
  Tensor x = tensor({2.7, -2.7, 300.0, -1.0});
  BOOST_TEST(text(x.to(int64)) == "[2, -2, 300, -1] int64[4]");
  BOOST_TEST(text(x.to(uint8)) == "[2, 254, 44, 255] uint8[4]");
  BOOST_TEST(text(x.to(boolean)) == "[true, true, true, true] boolean[4]");
  BOOST_TEST(text(tensor({std::nan(""), 0.0, 0.1}).to(boolean)) ==
             "[true, false, true] boolean[3]");
  BOOST_TEST(text(tensor({256 + 3}).to(uint8)) == "[3] uint8[1]");
  BOOST_TEST(text(tensor({2, 0}).to(boolean).to(float32)) == "[1.0, 0.0] float32[2]");
  BOOST_TEST(x.to(float32).is_same(x));
  BOOST_TEST(x.to({.dtype = float32}).is_same(x));
  BOOST_TEST(x.type_as(tensor({1})).dtype() == int64);
}

BOOST_AUTO_TEST_CASE(kinds_of_scalars) {
  BOOST_CHECK(Scalar(true).kind() == boolean);
  BOOST_CHECK(Scalar(3).kind() == int64);
  BOOST_CHECK(Scalar(uint8_t(3)).kind() == int64);
  BOOST_CHECK(Scalar(3.0f).kind() == float64);
  BOOST_CHECK(Scalar(3).natural_dtype() == int64);
  BOOST_CHECK(Scalar(0.5).natural_dtype() == float32);
  BOOST_TEST(Scalar(2.7).to_int() == 2);
  BOOST_TEST(Scalar(-1.0).to<uint8_t>() == 255);
  BOOST_CHECK(Scalar(1) == Scalar(1));
  BOOST_CHECK(!(Scalar(1) == Scalar(1.0)));
}

BOOST_AUTO_TEST_CASE(what_scalars_fit_into) {
  BOOST_TEST(Scalar(255).fits(uint8));
  BOOST_TEST(!Scalar(256).fits(uint8));
  BOOST_TEST(!Scalar(-1).fits(uint8));
  BOOST_TEST(Scalar(255.9).fits(uint8));
  BOOST_TEST(Scalar(-0.9).fits(uint8));
  BOOST_TEST(!Scalar(256.0).fits(uint8));
  BOOST_TEST(Scalar(-0x1p63).fits(int64));
  BOOST_TEST(!Scalar(0x1p63).fits(int64));
  BOOST_TEST(!Scalar(std::nan("")).fits(int64));
  BOOST_TEST(!Scalar(INFINITY).fits(int32));
  BOOST_TEST(Scalar(2147483647.5).fits(int32));
  BOOST_TEST(!Scalar(2147483648.0).fits(int32));
  BOOST_TEST(Scalar(INFINITY).fits(float32));
  BOOST_TEST(!Scalar(1e39).fits(float32));
  BOOST_TEST(Scalar(1e39).fits(float64));
  BOOST_TEST(Scalar(std::numeric_limits<int64_t>::max()).fits(float32));
  BOOST_TEST(Scalar(17).fits(boolean));
}

BOOST_AUTO_TEST_SUITE_END()
