#pragma once

#include <string>

namespace taper::viz {

/// What Graphviz makes of a graph in its language: "svg", "png" or "pdf". Throws Error with its
/// reason where it cannot.
std::string rendered(const std::string& dot, const std::string& format);

}  // namespace taper::viz
