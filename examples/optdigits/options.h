#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct Options {
  uint64_t seed = 0;
  int64_t seeds = 0;  ///< 0: the one seed above; else seeds 0..seeds-1
  int64_t epochs = 30;
  std::string model = "report";
  std::string out = "out";
};

/// Reads the command line; ends the program after --help, or with a message where it is wrong.
Options parse_options(int argc, char** argv);

/// The seeds to train with, in order.
std::vector<uint64_t> seeds_of(const Options& options);
