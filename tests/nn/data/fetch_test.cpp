#include "nn/data/fetch.h"
#include "nn/data/sources.h"

#include "tests/nn/data/fetch_fixture.h"
#include "tests/nn/data/http_server.h"

using namespace taper::test;

BOOST_FIXTURE_TEST_SUITE(fetch, FetchFixture)

BOOST_AUTO_TEST_CASE(mirror_folder) {
  BOOST_TEST(run({.mirror = mirror(train_csv, test_csv)}) == "no error");
  BOOST_TEST(messages == "");
  check_official();
}

BOOST_AUTO_TEST_CASE(mirror_by_the_environment) {
  Variable variable("TAPER_DATA_MIRROR", mirror(train_csv, test_csv) + "/");
  BOOST_TEST(run() == "no error");
  check_official();
}

BOOST_AUTO_TEST_CASE(mirror_folder_missing_and_wrong) {
  std::string places[] = {"\"" + (folder / "mirror/squares/train.csv") + "\": ",
                          "\"" + (folder / "mirror/squares/test.csv") + "\": "};
  check_refused(run({.mirror = folder / "mirror"}), places[0] + "No such file or directory; " +
                                                        places[1] + "No such file or directory");
  check_refused(run({.mirror = mirror(train_csv.substr(0, 100), changed(test_csv, 7))}),
                places[0] + "100 bytes, expected 424; " + places[1] +
                    "SHA-256 0c0e9a7e13a1..., expected 64a31a7a0bb0...");
  check_refused(run({.mirror = mirror(train_csv + "1", "")}),
                places[0] + "425 bytes, expected 424; " + places[1] + "0 bytes, expected 240");
}

BOOST_AUTO_TEST_CASE(mirror_server) {
  HttpServer server(
      {{"/data/squares/train.csv", {train_csv}}, {"/data/squares/test.csv", {test_csv}}});
  BOOST_TEST(run({.mirror = server.url() + "/data"}) == "no error");
  BOOST_TEST(messages == "");
  check_official();
}

BOOST_AUTO_TEST_CASE(mirror_server_truncated_and_wrong_and_missing) {
  HttpServer server({{"/cut/squares/train.csv", {train_csv, 24}},
                     {"/cut/squares/test.csv", {test_csv, 240}},
                     {"/wrong/squares/train.csv", {changed(train_csv, 0)}},
                     {"/wrong/squares/test.csv", {"<html>"}}});
  auto place = [&](const std::string& rest) { return "\"" + server.url() + rest + "\": "; };
  check_refused(run({.mirror = server.url() + "/cut"}),
                place("/cut/squares/train.csv") +
                    "curl: (18) transfer closed with 24 bytes remaining to read; " +
                    place("/cut/squares/test.csv") +
                    "curl: (18) transfer closed with 240 bytes remaining to read");
  check_refused(run({.mirror = server.url() + "/wrong"}),
                place("/wrong/squares/train.csv") +
                    "SHA-256 1a874ecf9d37..., expected 86b06ab3a625...; " +
                    place("/wrong/squares/test.csv") + "6 bytes, expected 240");
  check_refused(run({.mirror = server.url()}),
                place("/squares/train.csv") + "curl: (22) The requested URL returned error: 404; " +
                    place("/squares/test.csv") +
                    "curl: (22) The requested URL returned error: 404");
}

// Neither announced nor sent: what is larger than the file is not taken.
BOOST_AUTO_TEST_CASE(mirror_server_with_too_much) {
  HttpServer server({{"/squares/train.csv", {train_csv + "1"}}, {"/squares/test.csv", {test_csv}}});
  run({.mirror = server.url()});
  BOOST_TEST(messages == "fetch: the mirror lacks files of squares: \"" + server.url() +
                             "/squares/train.csv\": curl: (63) Maximum file size exceeded\n");
  program("curl", "sleep 0.2; head -c 425 /dev/zero > \"$7\"\n");
  run({.cache = folder / "other", .mirror = server.url()});
  BOOST_TEST(messages.starts_with("fetch: the mirror lacks files of squares: \"" + server.url() +
                                  "/squares/train.csv\": "));
  BOOST_TEST(!std::filesystem::exists(folder / "other/squares/train.csv"));
  program("curl", "sleep 0.2; exec head -c 425 /dev/zero > \"$7\"\n");
  BOOST_TEST(error_text([&] {
               download(server.url(), 424, folder / "out");
             }).ends_with("curl: wrote more than 424 bytes"));
  BOOST_TEST(std::filesystem::file_size(folder / "out") <= 424u);
}

BOOST_AUTO_TEST_CASE(public_address) {
  HttpServer server({{"/squares.zip", {squares_zip}}});
  BOOST_TEST(run({.address = server.url() + "/squares.zip"}) == "no error");
  BOOST_TEST(messages == "");
  check_official();
  BOOST_TEST(run({.address = server.url() + "/squares.zip"}) == "no error");
  check_official();
  BOOST_TEST(server.requests() == 1);  // the second time from the cache
}

BOOST_AUTO_TEST_CASE(public_address_after_a_broken_mirror) {
  HttpServer server({{"/squares.zip", {squares_zip}}});
  set.address = server.url() + "/squares.zip";
  BOOST_TEST(run({.mirror = mirror(train_csv, test_csv.substr(1))}) == "no error");
  BOOST_TEST(messages == "fetch: the mirror lacks files of squares: \"" +
                             (folder / "mirror/squares/test.csv") +
                             "\": 239 bytes, expected 240\n");
  check_official();
}

BOOST_AUTO_TEST_CASE(public_address_truncated_and_wrong_and_missing) {
  std::string no_zip = "not a zip archive, but of some length";
  HttpServer server({{"/cut", {squares_zip, 100}},
                     {"/short", {squares_zip.substr(0, 500)}},
                     {"/text", {no_zip}},
                     {"/damaged", {changed(squares_zip, 100)}}});
  auto error = [&](const std::string& path, const std::string& problem) {
    BOOST_TEST(run({.address = server.url() + path, .substitute = false}) ==
               text("no source has train.csv, test.csv; tried\n  mirror: TAPER_DATA_MIRROR is not "
                    "set\n  public address: \"" +
                    server.url() + path + "\": " + problem));
    BOOST_TEST(messages == "");
    BOOST_TEST(names_in(in_cache) == "address-failed");
  };
  error("/cut", "curl: (18) transfer closed with 100 bytes remaining to read");
  error("/short", "Not a zip archive");
  error("/text", "Not a zip archive");
  error("/none", "curl: (22) The requested URL returned error: 404");
  BOOST_TEST(run({.address = server.url() + "/damaged", .substitute = false}) ==
             text("no source has train.csv; tried\n  mirror: TAPER_DATA_MIRROR is not set\n"
                  "  public address: \"" +
                  server.url() + "/damaged\": train.csv: Zlib error: data error"));
  BOOST_TEST(names_in(in_cache) == "address-failed test.csv");
}

BOOST_AUTO_TEST_CASE(archive_that_holds_other_files) {
  HttpServer server({{"/squares.zip", {squares_zip}}});
  set.files[0] = {"other.csv", 1, "00"};
  set.files[1].bytes = 100;
  std::string address = server.url() + "/squares.zip", place = "\"" + address + "\": ";
  BOOST_TEST(run({.address = address, .substitute = false}) ==
             text("no source has other.csv, test.csv; tried\n  mirror: TAPER_DATA_MIRROR is not "
                  "set\n  public address: " +
                  place + "holds no other.csv; " + place +
                  "test.csv: more than the expected 100 bytes"));
  set.files[1] = {"test.csv", 240, std::string(64, '0')};
  BOOST_TEST(run({.address = address, .substitute = false})
                 .ends_with(place + "test.csv: SHA-256 64a31a7a0bb0..., expected 000000000000..."));
}

BOOST_AUTO_TEST_CASE(no_curl) {
  Variable variable("PATH", folder / "bin");
  std::string error = run({.address = "http://127.0.0.1/x", .substitute = false});
  BOOST_TEST(
      error.ends_with("\"http://127.0.0.1/x\": curl: cannot be run: No such file or directory"));
}

BOOST_AUTO_TEST_CASE(killed_curl) {
  program("curl", "kill -9 $$\n");
  std::string error = run({.address = "http://127.0.0.1/x", .substitute = false});
  BOOST_TEST(error.ends_with("\"http://127.0.0.1/x\": curl: ended by signal 9"));
}

BOOST_AUTO_TEST_SUITE_END()
