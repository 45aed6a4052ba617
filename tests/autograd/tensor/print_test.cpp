#include "autograd/tensor/print.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "autograd/tensor/factories.h"
#include "tests/support/error_text.h"

using namespace taper;
using nlohmann::json;
using taper::test::error_text;

static Dtype dtype_of_libtorch(const std::string& name) {
  for (int d = 0; d < dtype_count; ++d)
    if (info(Dtype(d)).libtorch == name) return Dtype(d);
  throw std::invalid_argument(name);
}

static double number(const json& j) {
  if (!j.is_string()) return j;
  return j == "nan" ? std::nan("") : j == "inf" ? INFINITY : -INFINITY;
}

static Tensor tensor_of(const json& j) {
  if (!j.contains("dtype")) return {};
  Dtype dtype = dtype_of_libtorch(j["dtype"]);
  Tensor x = empty(std::vector<int64_t>(j["shape"]), {.dtype = dtype});
  for (int64_t i = 0; i < x.numel(); ++i)
    dispatch(dtype, [&](auto t) {
      const json& v = j["data"][size_t(i)];
      using T = decltype(t);
      x.data_ptr<T>()[i] = is_integral(dtype) ? T(v.get<int64_t>()) : T(number(v));
    });
  return x;
}

static std::string streamed(const Tensor& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}

BOOST_AUTO_TEST_SUITE(print)

BOOST_AUTO_TEST_CASE(stream_writes_libtorchs_text) {
  json golden = json::parse(std::ifstream(TAPER_SOURCE_DIR "/tests/golden/print.json"));
  for (const json& j : golden["tensors"]) {
    BOOST_TEST_CONTEXT(j["name"]) {
      std::ostringstream out;
      if (int precision = j["precision"]) out << std::setprecision(precision);
      if (j["fixed"]) out << std::fixed;
      out << tensor_of(j);
      BOOST_TEST(out.str() == j["text"].get<std::string>());
    }
  }
}

BOOST_AUTO_TEST_CASE(stream_reads_strides) {
  Tensor x = arange(6).reshape({2, 3});
  BOOST_TEST(streamed(x.t()) == " 0  3\n 1  4\n 2  5\n[ CPULongType{3,2} ]");
  BOOST_TEST(streamed(x.select(1, 1)) == " 1\n 4\n[ CPULongType{2} ]");
  BOOST_TEST(streamed(ones({1}).expand({2, 2})) == " 1  1\n 1  1\n[ CPUFloatType{2,2} ]");
}

BOOST_AUTO_TEST_CASE(format_of_few_dimensions) {
  BOOST_TEST(fmt::format("{}", Tensor()) == "undefined");
  BOOST_TEST(fmt::format("{}", full({}, 2.5)) == "2.5 float32[]");
  BOOST_TEST(fmt::format("{}", tensor({1, -20, 3})) == "[  1, -20,   3] int64[3]");
  BOOST_TEST(fmt::format("{}", tensor({true, false})) == "[ true, false] boolean[2]");
  BOOST_TEST(fmt::format("{}", tensor({{1.0, 2.5}, {-3.25, 4.0}}, {.dtype = float64})) ==
             "[[ 1.00,  2.50],\n [-3.25,  4.00]] float64[2, 2]");
  BOOST_TEST(fmt::format("{}", arange(8).reshape({2, 2, 2})) ==
             "[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]] int64[2, 2, 2]");
}

BOOST_AUTO_TEST_CASE(format_of_empty_tensors) {
  BOOST_TEST(fmt::format("{}", zeros({0})) == "[] float32[0]");
  BOOST_TEST(fmt::format("{}", zeros({2, 0})) == "[[],\n []] float32[2, 0]");
  BOOST_TEST(fmt::format("{}", zeros({0, 3}, {.dtype = int64})) == "[] int64[0, 3]");
}

BOOST_AUTO_TEST_CASE(format_of_numbers) {
  double nan = std::nan(""), inf = INFINITY;
  BOOST_TEST(fmt::format("{}", tensor({1.0, 2.0})) == "[1.0, 2.0] float32[2]");
  BOOST_TEST(fmt::format("{}", tensor({nan, inf, -inf, 0.5})) ==
             "[ nan,  inf, -inf,  0.5] float32[4]");
  BOOST_TEST(fmt::format("{}", tensor({1.0 / 3, 0.5})) == "[0.3333, 0.5000] float32[2]");
  BOOST_TEST(fmt::format("{}", tensor({1e-7, 1.0})) == "[1.0000e-07, 1.0000e+00] float32[2]");
  BOOST_TEST(fmt::format("{}", tensor({1.5e6, 1.0})) == "[1.5000e+06, 1.0000e+00] float32[2]");
  int64_t large = (int64_t(1) << 53) + 1;
  BOOST_TEST(fmt::format("{}", full({}, large)) == "9007199254740993 int64[]");
}

BOOST_AUTO_TEST_CASE(format_takes_a_precision) {
  Tensor x = tensor({0.5, -2.0 / 3}, {.dtype = float64});
  BOOST_TEST(fmt::format("{:.3f}", x) == "[ 0.500, -0.667] float64[2]");
  BOOST_TEST(fmt::format("{:.1}", x) == "[ 0.5, -0.7] float64[2]");
  BOOST_TEST(fmt::format("{:.2e}", x) == "[ 5.00e-01, -6.67e-01] float64[2]");
  BOOST_TEST(fmt::format("{:e}", x) == "[ 5.0000e-01, -6.6667e-01] float64[2]");
  BOOST_TEST(fmt::format("{:.3g}", x) == "[   0.5, -0.667] float64[2]");
  BOOST_TEST(fmt::format("{:.3f}", tensor({1, 2})) == "[1, 2] int64[2]");
  BOOST_TEST(fmt::format("{:.0f}", tensor({1e7, 2.0})) == "[10000000,        2] float32[2]");
}

BOOST_AUTO_TEST_CASE(format_on_one_line) {
  Tensor x = tensor({{1.0, 2.0}, {3.0, -4.5}});
  BOOST_TEST(fmt::format("{:l}", x) == "[[1.0, 2.0], [3.0, -4.5]] float32[2, 2]");
  BOOST_TEST(fmt::format("{:lv.2f}", x) == "[[1.00, 2.00], [3.00, -4.50]]");
  BOOST_TEST(fmt::format("{:v}", x) == "[[ 1.0,  2.0],\n [ 3.0, -4.5]]");
}

BOOST_AUTO_TEST_CASE(format_leaves_out_the_middle) {
  BOOST_TEST(fmt::format("{}", arange(1001)) ==
             "[   0,    1,    2, ...,  998,  999, 1000] int64[1001]");
  BOOST_TEST(fmt::format("{:l1}", arange(20).reshape({4, 5})) ==
             "[[0, ..., 4], ..., [15, ..., 19]] int64[4, 5]");
  BOOST_TEST(fmt::format("{:2}", arange(5)) == "[0, 1, ..., 3, 4] int64[5]");
  BOOST_TEST(fmt::format("{:2}", arange(4)) == "[0, 1, 2, 3] int64[4]");
  BOOST_TEST(fmt::format("{:1}", arange(12).reshape({4, 3})) ==
             "[[ 0, ...,  2],\n ...,\n [ 9, ..., 11]] int64[4, 3]");
  BOOST_TEST(fmt::format("{:lav}", arange(1001)).size() ==
             10 + 90 * 2 + 900 * 3 + 4 + 1000 * 2 + 2);
  BOOST_TEST(to_string(arange(6), {.edge_items = 0}) == "[...] int64[6]");
  BOOST_TEST(to_string(arange(6), {.threshold = 5}) == "[0, 1, 2, 3, 4, 5] int64[6]");
}

BOOST_AUTO_TEST_CASE(format_breaks_long_rows) {
  BOOST_TEST(to_string(arange(12), {.line_width = 16}) ==
             "[ 0,  1,  2,  3,\n  4,  5,  6,  7,\n  8,  9, 10, 11] int64[12]");
  BOOST_TEST(to_string(arange(8).reshape({2, 4}), {.line_width = 9}) ==
             "[[0, 1,\n  2, 3],\n [4, 5,\n  6, 7]] int64[2, 4]");
}

BOOST_AUTO_TEST_CASE(format_says_where_a_tensor_comes_from) {
  Tensor x = tensor({1.0, 2.0}, {.requires_grad = true});
  BOOST_TEST(fmt::format("{}", x) == "[1.0, 2.0] float32[2] requires_grad");
  BOOST_TEST(fmt::format("{}", x * 2) == "[2.0, 4.0] float32[2] grad_fn=mul");
  BOOST_TEST(fmt::format("{}", x.detach()) == "[1.0, 2.0] float32[2]");
}

BOOST_AUTO_TEST_CASE(wrong_formats_are_refused) {
  Tensor x = ones({2});
  const char* expected =
      "format: not a tensor's format; expected letters of l, v, a, then edge items, .precision and "
      "one of f, e, g, as in {:l2.3f}";
  for (const char* format : {"{:x}", "{:.f}", "{:.3fl}", "{:>10}", "{:.31f}", "{:0}"})
    BOOST_TEST(error_text([&] { (void)fmt::format(fmt::runtime(format), x); }) == expected);
}

BOOST_AUTO_TEST_SUITE_END()
