#include "nn/train/progress.h"

#include <boost/test/unit_test.hpp>

#include <pty.h>
#include <unistd.h>

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

BOOST_AUTO_TEST_CASE(grows_on_a_terminal_and_goes) {
  int master = -1, terminal = -1;
  BOOST_REQUIRE(::openpty(&master, &terminal, nullptr, nullptr, nullptr) == 0);
  std::FILE* out = ::fdopen(terminal, "w");
  {
    taper::nn::Progress bar("epoch 1", 4, out);
    bar.step("loss 1.5");
    for (int i = 0; i < 3; ++i) bar.step("");  // too soon to be drawn, but for the last
  }
  std::fclose(out);
  std::string text;
  char part[400];  // what was written may arrive piece by piece, before the end of the terminal
  for (ssize_t n; (n = ::read(master, part, sizeof part)) > 0;) text.append(part, size_t(n));
  ::close(master);
  BOOST_TEST(text ==
             "\r\x1b[Kepoch 1 [=======                       ] 1/4 loss 1.5"
             "\r\x1b[Kepoch 1 [==============================] 4/4 "
             "\r\x1b[K");
}

BOOST_AUTO_TEST_SUITE_END()
