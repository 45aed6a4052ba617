#include "autograd/gradcheck/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace taper {

std::string to_string(const GradcheckReport& r) {
  std::string out =
      fmt::format("gradcheck{}{} {}: order {}, {} derivatives of {}", r.name.empty() ? "" : " of ",
                  r.name, r.ok() ? "passed" : "failed", r.order == 1 ? "1" : "1 and 2", r.elements,
                  fmt::join(r.checked, ", "));
  if (const auto& w = r.worst; w.order > 0)
    out += fmt::format(
        "\n  worst: order {}, {} at {}: analytic {:.6g}, numeric {:.6g}, error {:.3g}, tolerance "
        "{:.3g}",
        w.order, w.input, w.index, w.analytic, w.numeric, w.error, w.tolerance);
  for (const std::string& failure : r.failures) out += "\n  failed: " + failure;
  return out;
}

}  // namespace taper

fmt::appender fmt::formatter<taper::GradcheckReport>::format(const taper::GradcheckReport& report,
                                                             fmt::format_context& context) const {
  return write(to_string(report), context);
}
