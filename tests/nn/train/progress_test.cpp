#include "nn/train/progress.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/files.h"

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(is_quiet_where_there_is_no_terminal) {
  taper::test::TemporaryFolder folder;
  std::string path = folder / "out";
  std::FILE* out = std::fopen(path.c_str(), "w");
  {
    taper::nn::Progress bar("epoch", 3, out);
    for (int i = 0; i < 3; ++i) bar.step("loss 1.5");
  }
  std::fclose(out);
  BOOST_TEST(taper::test::read_file(path) == "");
}

BOOST_AUTO_TEST_SUITE_END()
