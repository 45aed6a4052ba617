#pragma once

// A row of ./run bench: a piece of work with a name. Shared with the peers' programs, so plain C++
// alone.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Median microseconds of a call of f: 9 series of about 20 ms, or of one call where it takes
/// longer.
template <class F>
double median_us(const F& f) {
  using clock = std::chrono::steady_clock;
  auto series = [&](int n) {
    auto start = clock::now();
    for (int i = 0; i < n; ++i) f();
    return std::chrono::duration<double, std::micro>(clock::now() - start).count() / n;
  };
  series(2);
  int n = std::clamp(int(20000 / std::max(series(1), 1.0)), 1, 2000);
  series(n);
  std::vector<double> times;
  for (int i = 0; i < 9; ++i) times.push_back(series(n));
  std::sort(times.begin(), times.end());
  return times[4];
}

struct Row {
  std::string name;
  std::function<double()> run;  ///< median microseconds
};

/// Runs the rows named on the command line (all without names; --list only names them) and prints
/// `name <tab> microseconds`.
inline int run_rows(const std::vector<Row>& rows, int argc, char** argv) {
  const std::vector<std::string> wanted(argv + 1, argv + argc);
  const bool list = wanted == std::vector<std::string>{"--list"};
  size_t found = 0;
  for (const Row& row : rows) {
    bool named = std::find(wanted.begin(), wanted.end(), row.name) != wanted.end();
    found += named;
    if (list)
      std::printf("%s\n", row.name.c_str());
    else if (named || wanted.empty())
      std::printf("%s\t%.3f\n", row.name.c_str(), row.run());
    std::fflush(stdout);
  }
  if (list || found == wanted.size()) return 0;
  std::fprintf(stderr, "there is no such row; --list names them\n");
  return 1;
}

}  // namespace bench
