// The demo as a program: what it leaves, what it says last, and what it refuses.

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include <array>
// g++ 12 under sanitizers takes members of <regex> for uninitialised.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <regex>

#include <sys/stat.h>
#include <sys/wait.h>

#include "nn/io/safetensors.h"
#include "tests/support/environment.h"
#include "tests/support/files.h"

using namespace taper::test;

namespace {

struct Outcome {
  int code;
  std::string said;  ///< on both outputs
};

struct Fixture {
  TemporaryFolder folder;
  std::string out = folder / "out";

  Outcome demo(const std::string& options) const {
    std::string command = TAPER_BINARY_DIR "/examples/optdigits " + options + " 2>&1 </dev/null";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::string said;
    std::array<char, 4096> buffer;
    while (size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
      said.append(buffer.data(), size);
    return {WEXITSTATUS(::pclose(pipe)), said};
  }

  /// Whether the demo had its data; says so where it had not.
  static bool ran(const Outcome& outcome) {
    if (outcome.said.find("no source has") == std::string::npos) return true;
    fmt::print(stderr, "skipped: {}\n", outcome.said);
    return false;
  }
};

bool ends_with(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern + "$"));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(optdigits_program, Fixture)

BOOST_AUTO_TEST_CASE(several_seeds) {
  Outcome demo = this->demo("--seeds 2 --epochs 1 --out " + out);
  if (!ran(demo)) return;
  BOOST_TEST(demo.code == 0, demo.said);
  BOOST_TEST(names_in(out) == "seed-0 seed-1");
  const std::string files =
      "weights.safetensors metrics.csv wrong.svg network.svg loss.svg confusion.svg\n";
  BOOST_TEST(
      ends_with(demo.said,
                "files in " + out + "/seed-0: " + files + "files in " + out + "/seed-1: " + files +
                    R"(test accuracy \d\d\.\d\d % mean of 2 seeds \(\d\d\.\d\d-\d\d\.\d\d\), )"
                    R"(95 % interval of the mean \d+\.\d\d-\d+\.\d\d\n)"),
      demo.said);
  for (std::string seed : {"/seed-0/", "/seed-1/"}) {
    BOOST_TEST(names_in(out + seed) ==
               "confusion.svg loss.svg metrics.csv network.svg weights.safetensors wrong.svg");
    for (std::string picture : {"confusion", "loss", "network", "wrong"})
      BOOST_TEST(read_file(out + seed + picture + ".svg").find("<svg") != std::string::npos);
    BOOST_TEST(ends_with(read_file(out + seed + "metrics.csv"),
                         "^epoch,loss,train_accuracy,test_accuracy,seconds\n"
                         R"(1,[\d.]+,0\.\d+,0\.\d+,[\d.]+\n)"));
    taper::safetensors::Reader weights(out + seed + "weights.safetensors");
    BOOST_TEST(weights.tensors().size() == 4u);
  }
}

BOOST_AUTO_TEST_CASE(one_seed_and_a_gnuplot_that_fails) {
  write_file(folder / "bin/gnuplot", "#!/bin/sh\nexit 3\n");
  ::chmod((folder / "bin/gnuplot").c_str(), 0755);
  Variable path("PATH", (folder / "bin") + ":/usr/local/bin:/usr/bin:/bin");
  Outcome demo = this->demo("--seed 3 --epochs 1 --model logistic --out " + out);
  if (!ran(demo)) return;
  BOOST_TEST(demo.code == 0, demo.said);
  BOOST_TEST(
      demo.said.find("optdigits: no loss.svg and confusion.svg: gnuplot ended with code 3\n") !=
      std::string::npos);
  BOOST_TEST(ends_with(demo.said, "files in " + out +
                                      ": weights.safetensors metrics.csv wrong.svg network.svg\n"
                                      R"(test accuracy \d\d\.\d\d % \(95 % interval )"
                                      R"(\d\d\.\d\d-\d\d\.\d\d\)\n)"),
             demo.said);
  BOOST_TEST(names_in(out) == "metrics.csv network.svg weights.safetensors wrong.svg");
}

BOOST_AUTO_TEST_CASE(options_that_make_no_sense) {
  auto refused = [&](const std::string& options, const std::string& text) {
    Outcome demo = this->demo(options);
    BOOST_TEST(demo.code != 0);
    BOOST_TEST(demo.said == text + "\nRun with --help for more information.\n");
  };
  refused("--seeds 0", "--seeds: it is 0; expected a whole number, 1 or more");
  refused("--seed -1", "--seed: it is -1; expected a whole number, 0 or more");
  refused("--epochs 1.5", "--epochs: it is 1.5; expected a whole number, 1 or more");
  refused("--out 'a\nb'", "--out: the folder's name has a control character; expected one without");
  refused("--seed 1 --seeds 2", "--seed excludes --seeds");
}

BOOST_AUTO_TEST_CASE(folders_that_cannot_be_written) {
  write_file(folder / "file", "");
  Outcome demo = this->demo("--epochs 1 --out " + (folder / "file/out"));
  if (!ran(demo)) return;
  BOOST_TEST(demo.code == 1);
  std::string text =
      "optdigits: cannot make the folder \"" + (folder / "file/out") + "\": Not a directory\n";
  BOOST_TEST(demo.said.find(text) != std::string::npos, demo.said);
  std::filesystem::create_directories(out + "/metrics.csv");
  demo = this->demo("--epochs 1 --out " + out);
  BOOST_TEST(demo.code == 1);
  text = "optdigits: cannot write \"" + out + "/metrics.csv\": Is a directory\n";
  BOOST_TEST(demo.said.find(text) != std::string::npos, demo.said);
}

BOOST_AUTO_TEST_SUITE_END()
