#include "nn/data/cache.h"

#include "tests/nn/data/fetch_fixture.h"
#include "tests/nn/data/http_server.h"

#include <sys/wait.h>

using namespace taper::test;

BOOST_FIXTURE_TEST_SUITE(fetch, FetchFixture)

BOOST_AUTO_TEST_CASE(damaged_cache_is_fetched_again) {
  write_file(in_cache + "/train.csv", train_csv.substr(0, 99));
  write_file(in_cache + "/test.csv", test_csv);
  BOOST_TEST(run({.mirror = mirror(train_csv, "unused")}) == "no error");
  BOOST_TEST(messages ==
             "fetch: \"" + in_cache + "/train.csv\": 99 bytes, expected 424; fetching it again\n");
  check_official();
}

BOOST_AUTO_TEST_CASE(cache_that_cannot_be_written) {
  write_file(folder / "file", "");
  BOOST_TEST(run({.cache = folder / "file", .mirror = mirror(train_csv, test_csv)}) ==
             "fetch: cannot write to the cache folder \"" + (folder / "file/squares") +
                 "\": Not a directory; TAPER_CACHE names another");
}

BOOST_AUTO_TEST_CASE(where_the_cache_is) {
  Variable own("TAPER_CACHE", "/own"), xdg("XDG_CACHE_HOME", "/xdg"), home("HOME", "/home/ann");
  BOOST_TEST(cache_folder() == "/own");
  Variable no_own("TAPER_CACHE", "");
  BOOST_TEST(cache_folder() == "/xdg/taper");
  Variable relative("XDG_CACHE_HOME", "xdg");
  BOOST_TEST(cache_folder() == "/home/ann/.cache/taper");
  Variable no_home("HOME");
  BOOST_TEST(error_text([] { cache_folder(); }) ==
             "fetch: no cache folder: TAPER_CACHE, XDG_CACHE_HOME and HOME are not set");
}

// One is killed in the middle of a download, which leaves nothing that a later one takes for whole.
BOOST_AUTO_TEST_CASE(killed_download) {
  program("curl", "echo half > \"$7\"\nkill -9 $PPID\nsleep 0.1\n");
  pid_t child = ::fork();
  if (child == 0) {
    run({.mirror = "http://127.0.0.1/mirror"});
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  std::string left = names_in(in_cache);
  BOOST_TEST(left.starts_with(".fetch-"));
  auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(8 * 24);
  std::filesystem::last_write_time(in_cache + "/" + left, long_ago);
  BOOST_TEST(run({.mirror = mirror(train_csv, test_csv)}) == "no error");
  check_official();
}

BOOST_AUTO_TEST_CASE(processes_at_once) {
  HttpServer server({{"/squares.zip", {squares_zip}}});
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    bool good = run({.address = server.url() + "/squares.zip"}) == "no error" && messages.empty();
    ::_exit(good && read_file(fetched.paths.at(0)) == train_csv ? 0 : 1);
  }
  for (pid_t child : children) {
    int status = 1;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(status == 0);
  }
  BOOST_TEST(run() == "no error");
  check_official();
}

BOOST_AUTO_TEST_SUITE_END()
