#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "autograd/tensor/text.h"

namespace taper {

/// What gradcheck found; fmt prints it.
struct GradcheckReport {
  /// One element of one input, where both derivatives were compared.
  struct Element {
    int order = 0;
    std::string input;  ///< "input 0", "parameter 2", "output gradient 0"
    std::vector<int64_t> index;
    double analytic = 0, numeric = 0;
    double error = 0, tolerance = 0;
  };

  std::string name;  ///< of the function, if it was given one
  int order = 1;
  std::vector<std::string> checked;  ///< "input 0 [2, 3]", ...
  int64_t elements = 0;              ///< how many derivatives were compared, over all orders
  Element worst;  ///< the element with the largest error, measured by its tolerance
  std::vector<std::string> failures;

  bool ok() const { return failures.empty(); }
};

std::string to_string(const GradcheckReport& report);

}  // namespace taper

template <>
struct fmt::formatter<taper::GradcheckReport> : taper::TextFormatter {
  fmt::appender format(const taper::GradcheckReport& report, fmt::format_context& context) const;
};
