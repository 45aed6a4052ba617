#include "nn/io/safetensors.h"

#include "tests/nn/io/safetensors_entries.h"
#include "tests/support/error_text.h"
#include "tests/support/files.h"

#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace st = taper::safetensors;
using namespace taper::test;

namespace {

struct WriteFixture {
  TemporaryFolder folder;
  std::string path = folder / "x.safetensors";
  std::string quoted = "\"" + path + "\"";

  std::string save_error(const std::vector<Entry>& entries, const st::Metadata& metadata = {}) {
    return error_text([&] { st::write(path, entries, metadata); });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(safetensors, WriteFixture)

BOOST_AUTO_TEST_CASE(writes_what_the_formats_own_library_writes) {
  All all;
  st::write(path, all.entries(), {{"format", "pt"}});
  BOOST_TEST(read_file(path) == read_file(safetensors_golden + "all.safetensors"));
  std::vector<std::uint8_t> bytes{1, 2, 3};
  std::vector<Entry> one{entry("b", "U8", {3}, bytes)};
  st::write(path, one);
  BOOST_TEST(read_file(path) == read_file(safetensors_golden + "plain.safetensors"));
  st::write(path, {});
  BOOST_TEST(read_file(path) == read_file(safetensors_golden + "nothing.safetensors"));
}

BOOST_AUTO_TEST_CASE(entries_that_cannot_be_written) {
  auto text = [&](const std::string& rest) { return "save: " + quoted + ": " + rest; };
  std::vector<float> values{1, 2};
  BOOST_TEST(save_error({entry("w", "F32", {3}, values)}) ==
             text("tensor \"w\" of dtype F32 and shape [3] needs 12 bytes, 8 were given"));
  BOOST_TEST(save_error({entry("w", "F16", {4}, values)}) ==
             text("tensor \"w\" has dtype \"F16\"; known are BOOL, U8, I32, F32, F64, I64"));
  BOOST_TEST(save_error({entry("w", "F32", {-1}, values)}) ==
             text("tensor \"w\" has the impossible shape [-1]"));
  BOOST_TEST(save_error({entry("w", "F32", {2}, values), entry("w", "F32", {2}, values)}) ==
             text("tensor \"w\" was given twice"));
  BOOST_TEST(save_error({entry("__metadata__", "F32", {2}, values)}) ==
             text("a tensor cannot be named \"__metadata__\""));
  BOOST_TEST(save_error({entry("\xff", "F32", {2}, values)}) ==
             text("a name or a metadata text is not valid UTF-8"));
  BOOST_TEST(save_error({}, {{"key", "\xff"}}) ==
             text("a name or a metadata text is not valid UTF-8"));
  BOOST_TEST(save_error({}, {{"key", std::string(100'000'000, 'a')}}) ==
             text("the header takes 100000032 bytes, 100000000 are allowed"));
  BOOST_TEST(names_in(folder.path()) == "");
}

BOOST_AUTO_TEST_CASE(places_that_cannot_be_written) {
  std::vector<float> values{1, 2};
  std::vector<Entry> entries{entry("w", "F32", {2}, values)};
  auto text = [&](const std::string& name) {
    return error_text([&] { st::write(name, entries); });
  };
  BOOST_TEST(text(folder / "a/b") ==
             "save: cannot write \"" + (folder / "a/b") + "\": No such file or directory");
  BOOST_TEST(text(folder.path()) == "save: cannot write \"" + folder.path() + "\": Is a directory");
  BOOST_TEST(text("/dev/full") == "save: cannot write \"/dev/full\": No space left on device");
  BOOST_TEST(text("/dev/null") == "no error");
  BOOST_TEST(::access("/dev/full", F_OK) == 0);
}

BOOST_AUTO_TEST_CASE(keeps_mode_and_link) {
  All all;
  write_file(folder / "real", "old");
  BOOST_REQUIRE(::chmod((folder / "real").c_str(), 0640) == 0);
  std::filesystem::create_symlink("real", path);
  st::write(path, all.entries());
  BOOST_TEST(std::filesystem::is_symlink(path));
  BOOST_TEST(st::Reader(folder / "real").tensors().size() == 9u);
  struct stat status {};
  ::stat(path.c_str(), &status);
  BOOST_TEST((status.st_mode & 0777) == 0640u);
  BOOST_TEST(names_in(folder.path()) == "real x.safetensors");
}

// A limit on the size of files stands for the full disk.
BOOST_AUTO_TEST_CASE(full_disk_leaves_the_old_file) {
  All all;
  std::vector<Entry> entries = all.entries();
  st::write(path, entries);
  std::string old = read_file(path);
  std::vector<std::uint8_t> big(1 << 20);
  entries.push_back(entry("big", "U8", {1 << 20}, big));

  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  struct rlimit small {
    1 << 16, before.rlim_max
  };
  auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string text = save_error(entries);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);

  BOOST_TEST(text == "save: cannot write " + quoted + ": File too large");
  BOOST_TEST((read_file(path) == old));
  BOOST_TEST(names_in(folder.path()) == "x.safetensors");
}

BOOST_AUTO_TEST_CASE(killed_process_leaves_the_old_file) {
  All all;
  std::vector<Entry> entries = all.entries();
  st::write(path, entries);
  std::string old = read_file(path);
  std::vector<std::uint8_t> big(1 << 20);
  entries.push_back(entry("big", "U8", {1 << 20}, big));
  pid_t child = ::fork();
  if (child == 0) {
    struct rlimit small {
      1 << 16, 1 << 16
    };
    struct rlimit none {
      0, 0
    };
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(SIGXFSZ, SIG_DFL);
    ::setrlimit(RLIMIT_FSIZE, &small);  // the kernel kills the process in the middle of writing
    st::write(path, entries);
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ));
  BOOST_TEST((read_file(path) == old));
  BOOST_TEST(names_in(folder.path()) == "x.safetensors");
}

BOOST_AUTO_TEST_SUITE_END()
