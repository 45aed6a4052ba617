#include "nn/data/data_sets.h"
#include "tests/nn/data/fetch_fixture.h"
#include "tests/nn/data/http_server.h"

using namespace taper::test;

BOOST_FIXTURE_TEST_SUITE(fetch, FetchFixture)

BOOST_AUTO_TEST_CASE(installed_substitute) {
  set.substitute.path = data_set_golden.substr(1) + "squares.csv.gz";
  HttpServer server({});
  set.address = server.url() + "/squares.zip";
  const std::string said = text("using 90 squares, not the official files: \"" + set.address +
                                "\": curl: (22) The requested URL returned error: 404\n");
  for (int time = 0; time < 2; ++time) {
    BOOST_TEST(run() == "no error");
    BOOST_TEST(messages == said);
    BOOST_TEST(fetched.substitute);
    BOOST_TEST((read_file(fetched.paths.at(0)) == test_csv.substr(0, 160)));
    BOOST_TEST((read_file(fetched.paths.at(1)) == test_csv.substr(160)));
  }
  BOOST_TEST(server.requests() == 1);  // the second time the address rests

  auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(2);
  std::filesystem::last_write_time(in_cache + "/address-failed", long_ago);
  BOOST_TEST(run() == "no error");
  BOOST_TEST(server.requests() == 2);

  BOOST_TEST(run({.mirror = mirror(train_csv, test_csv)}) ==
             "no error");  // better than a cached substitute
  BOOST_TEST(!fetched.substitute);
}

BOOST_AUTO_TEST_CASE(substitute_gives_way_to_another_address) {
  set.substitute.path = data_set_golden.substr(1) + "squares.csv.gz";
  HttpServer server({{"/squares.zip", {squares_zip}}});
  BOOST_TEST(run({.address = server.url() + "/none"}) == "no error");
  BOOST_TEST(fetched.substitute);
  BOOST_TEST(run({.address = server.url() + "/squares.zip"}) == "no error");
  BOOST_TEST(!fetched.substitute);
}

BOOST_AUTO_TEST_CASE(downloaded_substitute) {
  HttpServer server({});
  set.address = server.url() + "/squares.zip";
  write_file(folder / "package/DEBIAN/control",
             "Package: squares-data\nVersion: 1\nArchitecture: all\nMaintainer: none\n"
             "Description: squares\n");
  write_file(folder / "package/" + set.substitute.path,
             read_file(data_set_golden + "squares.csv.gz"));
  std::string build = "dpkg-deb --build " + (folder / "package") + " " + (folder / "squares.deb");
  BOOST_REQUIRE(std::system((build + " > /dev/null").c_str()) == 0);
  program("apt-get", "echo \"$@\" > " + (folder / "asked") + "\ncp " + (folder / "squares.deb") +
                         " squares-data_1_all.deb\n");
  BOOST_TEST(run() == "no error");
  BOOST_TEST(fetched.substitute);
  BOOST_TEST((read_file(fetched.paths.at(1)) == test_csv.substr(160)));
  BOOST_TEST(read_file(folder / "asked") == "download -qq -o Acquire::Retries=0 squares-data\n");
  BOOST_TEST(names_in(in_cache) == "address-failed substitute");
  BOOST_TEST(names_in(in_cache + "/substitute") == "test.csv train.csv");
}

BOOST_AUTO_TEST_CASE(substitute_that_fails) {
  HttpServer server({});
  set.address = server.url() + "/squares.zip";
  auto failure = [&](const std::string& problem) {
    return text(
        "no source has train.csv, test.csv; tried\n  mirror: TAPER_DATA_MIRROR is not set"
        "\n  public address: \"" +
        set.address +
        "\": curl: (22) The requested URL returned error: 404\n  package "
        "squares-data: " +
        problem);
  };
  BOOST_TEST(run() == failure("apt-get: E: Unable to locate package squares-data"));
  program("apt-get", "exit 0");
  BOOST_TEST(run() == failure("apt-get: downloaded no package"));
  set.substitute.path = data_set_golden.substr(1) + "squares/train.csv";
  BOOST_TEST(run() == failure("train.csv: 116 bytes, expected 160"));
  BOOST_TEST(names_in(in_cache) == "address-failed");
}

BOOST_AUTO_TEST_CASE(the_digits) {
  const DataSet& digits = optdigits_files();
  BOOST_TEST(digits.files.size() == digits.substitute.parts.size());
  for (std::size_t i = 0; i < digits.files.size(); ++i) {
    BOOST_TEST(digits.files[i].sha256.size() == 64u);
    BOOST_TEST(digits.files[i].name == digits.substitute.parts[i].file.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
