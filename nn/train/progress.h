#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace taper::nn {

/// A bar on stderr that grows with the steps of a loop; nothing at all where stderr is no terminal.
class Progress {
 public:
  /// `steps`: of the whole loop
  Progress(std::string title, int64_t steps, std::FILE* out = stderr);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// One step more; `note` stands behind the bar.
  void step(const std::string& note = "");

 private:
  void draw(const std::string& note);

  std::string title_;
  int64_t steps_;
  int64_t done_ = 0;
  int64_t drawn_at_ = 0;  ///< milliseconds
  std::FILE* out_;
  bool shown_;
};

}  // namespace taper::nn
