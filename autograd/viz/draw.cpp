#include "autograd/viz/draw.h"

#include <fmt/format.h>
#include <graphviz/gvc.h>

#include <memory>
#include <mutex>
#include <span>

#include "autograd/tensor/error.h"
#include "autograd/tensor/replacing_file.h"
#include "autograd/viz/picture.h"

namespace taper::viz {

namespace {

/// With more boxes Graphviz needs minutes.
constexpr size_t max_boxes = 1000;

std::string ending_of(const std::string& path) {
  size_t dot = path.find_last_of("./");
  std::string ending = dot == std::string::npos || path[dot] == '/' ? "" : path.substr(dot);
  for (const char* known : {".dot", ".svg", ".png", ".pdf"})
    if (ending == known) return ending.substr(1);
  fail("draw", "\"{}\" ends in {}; expected .dot, .svg, .png or .pdf", path,
       ending.empty() ? "nothing" : "\"" + ending + "\"");
}

/// Folds modules, as few levels as it takes, until Graphviz can draw the picture.
Picture small_enough(Picture picture, bool folded_already) {
  size_t boxes = picture.boxes.size();
  if (boxes <= max_boxes) return picture;
  for (size_t depth = module_depth(picture); depth > 0; --depth) {
    Picture smaller = folded(picture, depth);
    if (smaller.boxes.size() > max_boxes) continue;
    std::string note = fmt::format("{} boxes, drawn module by module", boxes);
    smaller.title += (smaller.title.empty() ? "" : "\n") + note;
    return smaller;
  }
  fail("draw", "the graph has {} boxes{} Graphviz can draw {}; expected a path that ends in .dot",
       boxes, folded_already || module_depth(picture) ? ", even module by module," : ",",
       max_boxes);
}

/// Graphviz' contexts and messages are for one thread at a time.
std::mutex graphviz;

std::string rendered(const std::string& dot, const std::string& format) {
  std::lock_guard lock(graphviz);
  agseterr(AGMAX);  // messages go into our error instead of the terminal
  std::unique_ptr<GVC_t, int (*)(GVC_t*)> context(gvContext(), gvFreeContext);
  std::unique_ptr<Agraph_t, int (*)(Agraph_t*)> graph(agmemread(dot.c_str()), agclose);
  if (!graph || gvLayout(context.get(), graph.get(), "dot") != 0)
    fail("draw", "Graphviz cannot lay out the graph: {}",
         aglasterr() ? aglasterr() : "no reason given");
  char* data = nullptr;
  unsigned size = 0;
  int failed = gvRenderData(context.get(), graph.get(), format.c_str(), &data, &size);
  std::string out(data ? data : "", data ? size : 0);
  if (data) gvFreeRenderData(data);
  gvFreeLayout(context.get(), graph.get());
  if (failed)
    fail("draw", "Graphviz cannot write {}: {}", format,
         aglasterr() ? aglasterr() : "no reason given");
  return out;
}

}  // namespace

std::string to_dot(TensorList outputs, const Options& options) {
  Picture picture = picture_of("to_dot", outputs, options);
  return dot_text(options.modules ? folded(picture, module_depth(picture)) : picture);
}

void draw(TensorList outputs, const std::string& path, const Options& options) {
  std::string ending = ending_of(path);
  Picture picture = picture_of("draw", outputs, options);
  if (options.modules) picture = folded(picture, module_depth(picture));
  if (ending != "dot") picture = small_enough(std::move(picture), options.modules);
  io::ReplacingFile file("draw", path);
  std::string content = dot_text(picture);
  if (ending != "dot") content = rendered(content, ending);
  file.write(std::as_bytes(std::span(content)));
  file.commit();
}

std::string to_dot(const Tensor& output, const Options& options) {
  return to_dot(tensor_list{output}, options);
}

void draw(const Tensor& output, const std::string& path, const Options& options) {
  draw(tensor_list{output}, path, options);
}

}  // namespace taper::viz
