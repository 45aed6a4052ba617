#include "nn/ordered_dict.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/error_text.h"

using taper::test::error_text;

BOOST_AUTO_TEST_SUITE(ordered_dict)

BOOST_AUTO_TEST_CASE(keeps_the_order_and_finds_by_name) {
  taper::nn::OrderedDict<int> dict;
  BOOST_TEST(dict.is_empty());
  dict.insert("b", 1);
  dict.insert("a", 2);
  BOOST_TEST(dict.size() == 2u);
  BOOST_TEST(dict[0].first == "b");
  BOOST_TEST(dict["a"] == 2);
  BOOST_TEST(dict.front().second == 1);
  BOOST_TEST(dict.back().second == 2);
  BOOST_TEST(dict.contains("b"));
  BOOST_TEST(!dict.find("c"));
  BOOST_TEST(dict.keys() == (std::vector<std::string>{"b", "a"}), boost::test_tools::per_element());
  BOOST_TEST(dict.values() == (std::vector<int>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_not_there) {
  taper::nn::OrderedDict<int> dict;
  dict.insert("b", 1);
  BOOST_CHECK_THROW(dict["a"], taper::IndexError);
  BOOST_TEST(error_text([&] { dict["a"]; }) ==
             "OrderedDict: there is no \"a\"; expected one of its names");
  BOOST_TEST(error_text([&] { dict[1]; }) == "OrderedDict: there is no item 1; expected below 1");
}

BOOST_AUTO_TEST_SUITE_END()
