#pragma once

#include <string>
#include <vector>

#include "autograd/tensor/module_path.h"
#include "autograd/viz/draw.h"

namespace taper::viz {

/// A box of a picture.
struct Box {
  enum class Kind { op, parameter, input, output, module };
  Kind kind = Kind::op;
  std::string name = {};
  std::vector<std::string> notes = {};  ///< lines below the name
  std::string tooltip = {};
  const ModulePath* module = nullptr;  ///< the innermost it lies in
  int64_t ops = 1;                     ///< how many a module's box stands for
  int64_t parameters = 0;              ///< elements, of a parameter or inside a module's box
};

struct Arrow {
  size_t from, to;
  std::string label;
  bool operator==(const Arrow&) const = default;
};

/// What is drawn, apart from how: boxes in the order of forward, and arrows between them.
struct Picture {
  std::vector<Box> boxes = {};
  std::vector<Arrow> arrows = {};
  std::string title = {};
  bool left_to_right = false;
};

/// The graph below the outputs, a box for each op, leaf, known constant and output.
Picture picture_of(std::string_view function, TensorList outputs, const Options& options);

/// The same with every module that lies `depth` deep, or that holds no others, as one box.
Picture folded(const Picture& picture, size_t depth);

/// How deep modules are nested at most.
size_t module_depth(const Picture& picture);

/// "conv: Conv2d"
std::string module_label(const ModulePath* module);

std::string dot_text(const Picture& picture);

}  // namespace taper::viz
