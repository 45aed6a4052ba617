// How a step's time grows with its width and falls with threads: bench_sweep ROUNDS THREADS,..
// [step...] prints `step, group, width, threads, microseconds of each round` between tabs. The
// widths of a group and the numbers of threads take turns, so that a round compares what was
// measured within a moment.

#include <taper.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>

#include "bench/sweep/step.h"

namespace {

using bench::Step;

double microseconds(const std::function<void()>& call, int times) {
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) call();
  std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
  return taken.count() / times;
}

/// One width of a step, with what was measured of it.
struct Width {
  int64_t width;
  std::function<void()> call;
  int times = 1;                            ///< calls that are timed together
  std::vector<std::vector<double>> rounds;  ///< for each number of threads

  Width(const Step& step, int64_t w, size_t thread_counts)
      : width(w), call(step.make(w)), rounds(thread_counts) {
    microseconds(call, 2);
    times = std::clamp(int(400 / microseconds(call, 1)), 1, 400);
  }
};

/// Neighbouring widths around each of four an octave, so that powers of two are among them, and one
/// before them that shows where the first is faster than both sides.
std::vector<std::set<int64_t>> neighbours(int64_t widest) {
  std::vector<std::set<int64_t>> out;
  for (int k = 1;; ++k) {
    auto w = int64_t(std::lround(8 * std::exp2(k / 4.0)));
    if (w > widest) return out;
    out.push_back({w - 2, w - 1, w, w + 1});
  }
}

/// Clears the second caches of all cores: what one of them still holds of the last call would come
/// from there, which takes longer than from memory.
void clear_caches(int threads) {
  static taper::Tensor other = taper::ones({threads << 20});
  taper::set_num_threads(threads);
  other.add_(1);
}

void sweep(const Step& step, int rounds, const std::vector<int>& threads) {
  const int most = *std::max_element(threads.begin(), threads.end());
  for (const std::set<int64_t>& group : neighbours(step.widest)) {
    std::vector<Width> widths;
    for (int64_t w : group) widths.emplace_back(step, w, threads.size());
    for (int r = 0; r < rounds; ++r)
      for (size_t t = 0; t < threads.size(); ++t) {
        clear_caches(most);
        taper::set_num_threads(threads[t]);
        for (Width& w : widths) microseconds(w.call, 1);
        for (Width& w : widths) w.rounds[t].push_back(microseconds(w.call, w.times));
      }
    for (const Width& w : widths)
      for (size_t t = 0; t < threads.size(); ++t) {
        std::printf("%s\t%d\t%d\t%d", step.name.c_str(), int(*group.begin()), int(w.width),
                    threads[t]);
        for (double us : w.rounds[t]) std::printf("\t%.3f", us);
        std::printf("\n");
      }
    std::fflush(stdout);
  }
}

std::vector<int> numbers(const char* text) {
  std::vector<int> out;
  std::stringstream in(text);
  for (std::string item; std::getline(in, item, ',');) out.push_back(std::atoi(item.c_str()));
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_sweep ROUNDS THREADS,.. [step...]\n");
    return 2;
  }
  std::set<std::string> wanted(argv + 3, argv + argc);
  const bool all = wanted.empty();
  taper::manual_seed(0);
  for (const Step& step : bench::sweep_steps())
    if (all || wanted.erase(step.name)) sweep(step, std::atoi(argv[1]), numbers(argv[2]));
  if (wanted.empty()) return 0;
  std::fprintf(stderr, "there is no step %s\n", wanted.begin()->c_str());
  return 1;
}
