#pragma once

#include "nn/data/fetch.h"
#include "tests/support/environment.h"
#include "tests/support/error_text.h"
#include "tests/support/files.h"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

namespace taper::test {

using namespace taper::data;

inline const std::string data_set_golden = TAPER_SOURCE_DIR "/tests/golden/data_set/";
inline const std::string train_csv = read_file(data_set_golden + "squares/train.csv");
inline const std::string test_csv = read_file(data_set_golden + "squares/test.csv");
inline const std::string squares_zip = read_file(data_set_golden + "squares.zip");

// A made-up data set, by default without a public address and with a package that is not installed.
inline const DataSet squares{
    .name = "squares",
    .files = {{"train.csv", 424,
               "86b06ab3a625adead1bb03bd81334f3f9ec76f49655c12b2dc942328d69eefdc"},
              {"test.csv", 240,
               "64a31a7a0bb006164cded60320937372baf4ae6c7f04f26f8dd7ee35d11c6784"}},
    .address = "",
    .substitute = {
        .package = "squares-data",
        .path = "usr/share/taper-test-squares/squares.csv.gz",
        .what = "90 squares",
        .parts = {
            {{"train.csv", 160, "f0eb3bcbc759c724970ce1e3b185afd1ad2720c96c4c8566b520529385795757"},
             0,
             20},
            {{"test.csv", 80, "fd776ee2223ad05943c9bb5317387cc4f396f554bd4b81445dd9304b450db23b"},
             20,
             10}}}};

inline std::string changed(std::string text, std::size_t at) {
  text.at(at) = static_cast<char>(text.at(at) ^ 1);
  return text;
}

struct FetchFixture {
  Variable no_mirror{"TAPER_DATA_MIRROR"}, no_proxy{"no_proxy", "127.0.0.1"};
  TemporaryFolder folder;
  Variable path{"PATH", (folder / "bin") + ":/usr/local/bin:/usr/bin:/bin"};
  std::string cache = folder / "cache", in_cache = cache + "/squares";
  DataSet set = squares;
  std::string messages;
  Fetched fetched;

  FetchFixture() {
    // No test may ask a real apt-get for a package.
    program("apt-get", "echo 'E: Unable to locate package squares-data' >&2\nexit 100\n");
  }

  void program(const std::string& name, const std::string& lines) {
    write_file(folder / "bin/" + name, "#!/bin/sh\n" + lines);
    ::chmod((folder / "bin/" + name).c_str(), 0755);
  }

  std::string mirror(const std::string& train_file, const std::string& test_file) {
    write_file(folder / "mirror/squares/train.csv", train_file);
    write_file(folder / "mirror/squares/test.csv", test_file);
    return folder / "mirror";
  }

  // The error's text or "no error"; fills `messages` and `fetched`.
  std::string run(FetchOptions options = {}) {
    char* text = nullptr;
    std::size_t size = 0;
    options.messages = ::open_memstream(&text, &size);
    if (options.cache.empty()) options.cache = cache;
    std::string error = error_text([&] { fetched = fetch(set, options); });
    std::fclose(options.messages);
    messages = text;
    std::free(text);
    return error;
  }

  void check_official() {
    BOOST_TEST(!fetched.substitute);
    BOOST_TEST(fetched.paths == (std::vector{in_cache + "/train.csv", in_cache + "/test.csv"}),
               boost::test_tools::per_element());
    BOOST_TEST((read_file(fetched.paths.at(0)) == train_csv));
    BOOST_TEST((read_file(fetched.paths.at(1)) == test_csv));
    BOOST_TEST(names_in(in_cache) == "test.csv train.csv");
  }

  // That the mirror's files were refused: no other source has them, and nothing wrong is kept.
  void check_refused(const std::string& error, const std::string& problem) {
    BOOST_TEST(messages == "fetch: the mirror lacks files of squares: " + problem + "\n");
    BOOST_TEST(error ==
               "fetch: squares: no source has train.csv, test.csv; tried\n  mirror: " + problem +
                   "\n  public address: none is known\n  package squares-data: apt-get: E: Unable "
                   "to locate package squares-data");
    BOOST_TEST(names_in(in_cache) == "");
  }

  std::string text(const std::string& rest) { return "fetch: squares: " + rest; }
};

}  // namespace taper::test
