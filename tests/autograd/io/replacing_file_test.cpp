#include "autograd/io/replacing_file.h"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <span>

#include <sys/stat.h>

#include "tests/support/error_text.h"
#include "tests/support/files.h"

using namespace taper;
using namespace taper::test;

namespace {

std::string write_error(const std::string& path) {
  return error_text([&] { io::write_file("save", path, "new"); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replacing_file)

BOOST_AUTO_TEST_CASE(nothing_is_seen_before_the_end) {
  TemporaryFolder folder;
  std::string path = folder / "a", text = "new";
  write_file(path, "old");
  {
    io::ReplacingFile dropped("save", path);
    dropped.write(std::as_bytes(std::span(text)));
    BOOST_TEST(read_file(path) == "old");
    BOOST_TEST(names_in(folder.path()) == "a");  // what a killed process would leave
  }
  BOOST_TEST(read_file(path) == "old");
  BOOST_TEST(write_error(path) == "no error");
  BOOST_TEST(read_file(path) == "new");
  BOOST_TEST(names_in(folder.path()) == "a");
}

BOOST_AUTO_TEST_CASE(links_are_followed_also_to_where_nothing_is) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "deep");
  std::filesystem::create_symlink("deep/second", folder / "first");
  std::filesystem::create_symlink("target", folder / "deep/second");
  for (int time = 0; time < 2; ++time) {
    BOOST_TEST(write_error(folder / "first") == "no error");
    BOOST_TEST(names_in(folder / "deep") == "second target");
    BOOST_TEST(std::filesystem::is_symlink(folder / "first"));
    BOOST_TEST(std::filesystem::is_symlink(folder / "deep/second"));
    BOOST_TEST(read_file(folder / "deep/target") == "new");
  }
  std::filesystem::create_symlink("none/target", folder / "lost");
  BOOST_TEST(write_error(folder / "lost") ==
             "save: cannot write \"" + (folder / "lost") + "\": No such file or directory");
  std::filesystem::create_symlink("circle", folder / "circle");
  BOOST_TEST(write_error(folder / "circle") == "save: cannot write \"" + (folder / "circle") +
                                                   "\": Too many levels of symbolic links");
}

BOOST_AUTO_TEST_CASE(permissions_stay) {
  TemporaryFolder folder;
  write_file(folder / "a", "old");
  ::chmod((folder / "a").c_str(), 0640);
  io::write_file("save", folder / "a", "new");
  io::write_file("save", folder / "b", "new");
  struct stat a {
  }, b{};
  ::stat((folder / "a").c_str(), &a);
  ::stat((folder / "b").c_str(), &b);
  mode_t mask = ::umask(0);
  ::umask(mask);
  BOOST_TEST((a.st_mode & 0777) == 0640u);
  BOOST_TEST((b.st_mode & 0777) == (0666u & ~mask));
}

BOOST_AUTO_TEST_SUITE_END()
