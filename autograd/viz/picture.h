#pragma once

#include <string>
#include <vector>

#include "autograd/tensor/module_path.h"
#include "autograd/viz/dot.h"

namespace taper::viz {

/// A box of a picture.
struct Box {
  enum class Kind { op, parameter, input, output, module };
  Kind kind = Kind::op;
  std::string name = {};
  std::vector<std::string> notes = {};  ///< lines below the name
  std::string tooltip = {};
  const ModulePath* module = nullptr;  ///< the innermost it lies in
  bool in_module = true;               ///< a leaf: whether it is drawn inside modules
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

/// How much there is for Graphviz to lay out: the boxes, and a place for each rank that an arrow
/// passes on its way.
size_t layout_size(const Picture& picture);

/// The same with every module that lies `depth` deep, or that holds no others, as one box.
Picture folded(const Picture& picture, size_t depth);

/// How deep modules are nested at most, and how deep one is: 1 if it has no parent.
size_t module_depth(const Picture& picture);
size_t module_depth(const ModulePath* module);

/// "conv: Conv2d"
std::string module_label(const ModulePath* module);

/// In Graphviz' language.
std::string dot_text(const Picture& picture);

}  // namespace taper::viz
