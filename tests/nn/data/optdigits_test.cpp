#include "nn/data/optdigits.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/error_text.h"
#include "tests/support/files.h"

namespace {

using namespace taper;
using taper::test::error_text;

/// A line of counts that are all `count`, and a class.
std::string line(int count, int label) {
  std::string out;
  for (int i = 0; i < 64; ++i) out += std::to_string(count) + ",";
  return out + std::to_string(label) + "\n";
}

struct Fixture {
  taper::test::TemporaryFolder folder;
  std::string path = folder / "digits";

  std::string error_of(const std::string& content) {
    taper::test::write_file(path, content);
    return error_text([&] { data::read_digits(path); });
  }
  std::string text(const std::string& rest) { return "read_digits: \"" + path + "\"" + rest; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(optdigits, Fixture)

BOOST_AUTO_TEST_CASE(reads_images_in_0_to_1_and_labels) {
  std::string ramp;
  for (int i = 0; i < 64; ++i) ramp += std::to_string(i % 17) + ",";
  taper::test::write_file(path, line(16, 3) + ramp + "9\r\n");
  data::TensorDataset set = data::read_digits(path);
  BOOST_TEST(set.size() == 2);
  BOOST_TEST(set.images().sizes() == IntList({2, 1, 8, 8}));
  BOOST_TEST(set.images().dtype() == float32);
  BOOST_TEST(set.labels().dtype() == int64);
  BOOST_TEST(set.images()[0][0][7][7].item<float>() == 1);
  BOOST_TEST(set.images()[1][0][1][2].item<float>() == 10.0f / 16);
  BOOST_TEST(set.labels()[0].item<int64_t>() == 3);
  BOOST_TEST(set.labels()[1].item<int64_t>() == 9);
}

BOOST_AUTO_TEST_CASE(names_the_line_that_is_wrong) {
  std::string good = line(1, 2);
  BOOST_TEST(error_of(good + "1,2,3\n") ==
             text(", line 2: 3 values; expected 64 counts and a class"));
  BOOST_TEST(error_of("7," + good) == text(", line 1: 66 values; expected 64 counts and a class"));
  BOOST_TEST(error_of("17" + good.substr(1)) == text(", line 1: value 1 is 17; expected 0 to 16"));
  BOOST_TEST(error_of("-1" + good.substr(1)) == text(", line 1: value 1 is -1; expected 0 to 16"));
  BOOST_TEST(error_of(line(1, 10)) == text(", line 1: value 65 is 10; expected 0 to 9"));
  BOOST_TEST(error_of(good + "x" + good.substr(1)) ==
             text(", line 2: value 1 is \"x\"; expected a whole number"));
  BOOST_TEST(error_of(good + "1.5" + good.substr(1)) ==
             text(", line 2: value 1 is \"1.5\"; expected a whole number"));
  BOOST_TEST(error_of(good.substr(0, good.size() - 1) + ",\n") ==
             text(", line 1: value 66 is \"\"; expected a whole number"));
  BOOST_TEST(error_of("1,,2\n") == text(", line 1: value 2 is \"\"; expected a whole number"));
  BOOST_TEST(error_of(",1\n") == text(", line 1: value 1 is \"\"; expected a whole number"));
  BOOST_TEST(error_of(good + "\n" + good) ==
             text(", line 2: 0 values; expected 64 counts and a class"));
  BOOST_TEST(error_of("") == text(" has no lines; expected one or more"));
  BOOST_TEST(error_text([&] { data::read_digits(folder / "none"); }) ==
             "read_digits: cannot open \"" + (folder / "none") + "\": No such file or directory");
  BOOST_TEST(error_text([&] { data::read_digits(folder.path()); }) ==
             "read_digits: cannot read \"" + folder.path() + "\": Is a directory");
}

BOOST_AUTO_TEST_SUITE_END()
