#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// A piece of work that has a width.
struct Step {
  std::string name;
  int64_t widest;                                            ///< what memory and time allow
  std::function<std::function<void()>(int64_t width)> make;  ///< its tensors, and what is timed
};

std::vector<Step> sweep_steps();

}  // namespace bench
