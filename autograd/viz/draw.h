#pragma once

// Pictures of the recorded graph, drawn by Graphviz. docs/pictures.md shows some.

#include "autograd/viz/dot.h"

namespace taper::viz {

/// Draws the graph below the outputs into a file: .dot, .svg, .png or .pdf by its ending. What
/// stood in the file is replaced when the picture is complete. A graph that Graphviz would need
/// minutes for is drawn module by module. Throws Error if the file cannot be written, or if the
/// graph is too large even so (but in .dot).
void draw(TensorList outputs, const std::string& path, const Options& options = {});
void draw(const Tensor& output, const std::string& path, const Options& options = {});

}  // namespace taper::viz
