#include "autograd/tensor/shape.h"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "autograd/tensor/error.h"
#include "tests/support/error_text.h"

using namespace taper;
using taper::test::error_text;

static int64_t total(IntList list) {
  int64_t s = 0;
  for (int64_t v : list) s += v;
  return s;
}

BOOST_AUTO_TEST_SUITE(shape)

BOOST_AUTO_TEST_CASE(a_list_converts_from_what_programs_write) {
  size_t n = 4;
  BOOST_TEST(total({2, 3}) == 5);
  BOOST_TEST(total(3) == 3);
  BOOST_TEST(total(n) == 4);
  BOOST_TEST(total(std::vector<int64_t>{1, 2, 3}) == 6);
  BOOST_TEST(total(Shape{5, 6}) == 11);
  BOOST_TEST(total({}) == 0);
  IntList one = 7;
  IntList copy = one;
  one = 8;
  BOOST_TEST(copy[0] == 7);
}

BOOST_AUTO_TEST_CASE(parts_of_a_list) {
  Shape s{1, 2, 3, 4};
  IntList list = s;
  BOOST_TEST(list.slice(1) == IntList({2, 3, 4}));
  BOOST_TEST(list.slice(1, 2) == IntList({2, 3}));
  BOOST_TEST(list.front() == 1);
  BOOST_TEST(list.back() == 4);
  BOOST_TEST(list.vec() == (std::vector<int64_t>{1, 2, 3, 4}), boost::test_tools::per_element());
  BOOST_TEST(!(list == IntList({1, 2, 3})));
  BOOST_TEST(IntList(std::vector<int64_t>()) == IntList());
}

BOOST_AUTO_TEST_CASE(a_shape_changes) {
  Shape s{2, 3};
  s.push_back(4);
  s.insert(0, 1);
  s.erase(1);
  BOOST_TEST(IntList(s) == IntList({1, 3, 4}));
  Shape many(12, 1), copy = many;
  BOOST_TEST(IntList(copy) == IntList(many));
  BOOST_TEST(error_text([&] { many.push_back(1); }) == "shape: 13 dimensions; expected at most 12");
  BOOST_TEST(error_text([] { Shape(13, 1); }) == "shape: 13 dimensions; expected at most 12");
}

BOOST_AUTO_TEST_CASE(texts) {
  std::ostringstream out;
  out << IntList({2, 3});
  BOOST_TEST(out.str() == "[2, 3]");
  BOOST_TEST(fmt::format("{} {:>8} {}", Shape{2, 3}, IntList({1}), IntList()) ==
             "[2, 3]      [1] []");
}

BOOST_AUTO_TEST_CASE(strides) {
  BOOST_TEST(IntList(contiguous_strides({2, 3, 4})) == IntList({12, 4, 1}));
  BOOST_TEST(IntList(contiguous_strides({2, 0, 4})) == IntList({4, 4, 1}));
  BOOST_TEST(contiguous_strides({}).size() == 0u);
  BOOST_TEST(is_contiguous({2, 1, 3}, {3, 77, 1}));
  BOOST_TEST(!is_contiguous({2, 3}, {1, 2}));
  BOOST_TEST(is_contiguous({0, 2, 3}, {6, 1, 2}));
  BOOST_TEST(is_contiguous({}, {}));
  BOOST_TEST(numel({2, 3}) == 6);
  BOOST_TEST(numel({}) == 1);
  BOOST_TEST(numel({2, 0}) == 0);
}

BOOST_AUTO_TEST_CASE(dimensions_wrap) {
  BOOST_TEST(wrap_dim("op", -1, 3) == 2);
  BOOST_TEST(wrap_dim("op", 2, 3) == 2);
  BOOST_TEST(wrap_dim("op", -1, 0) == 0);  // a 0-dim tensor takes 0 and -1
  BOOST_TEST(error_text([] { wrap_dim("op", 2, 2); }) ==
             "op: dimension 2 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([] { wrap_dim("op", -3, 2); }) ==
             "op: dimension -3 is out of range; expected -2 to 1");
  BOOST_TEST(error_text([] { wrap_dim("op", 1, 0); }) ==
             "op: dimension 1 is out of range; expected -1 to 0");
  BOOST_CHECK_THROW(wrap_dim("op", 2, 2), IndexError);
}

BOOST_AUTO_TEST_CASE(broadcasting) {
  auto both = [](IntList a, IntList b) { return to_string(broadcast_shapes("op", a, b)); };
  BOOST_TEST(both({2, 1}, {3}) == "[2, 3]");
  BOOST_TEST(both({3}, {2, 1}) == "[2, 3]");
  BOOST_TEST(both({}, {2}) == "[2]");
  BOOST_TEST(both({2, 3}, {2, 3}) == "[2, 3]");
  BOOST_TEST(both({1}, {0}) == "[0]");
  BOOST_TEST(both({5, 1, 4}, {3, 1}) == "[5, 3, 4]");
  BOOST_TEST(error_text([&] {
               both({2, 3}, {4});
             }) ==
             "op: shapes [2, 3] and [4] do not broadcast; expected equal sizes or 1 in dimension "
             "-1, not 3 and 4");
  BOOST_TEST(error_text([&] {
               both({4}, {2, 3});
             }) ==
             "op: shapes [4] and [2, 3] do not broadcast; expected equal sizes or 1 in dimension "
             "-1, not 4 and 3");
  BOOST_TEST(error_text([&] { both({2, 1, 3}, {3, 3}); }) == "no error");
  BOOST_TEST(error_text([&] { both({0}, {2}); }) ==
             "op: shapes [0] and [2] do not broadcast; expected equal sizes or 1 in dimension -1, "
             "not 0 and 2");
}

BOOST_AUTO_TEST_SUITE_END()
