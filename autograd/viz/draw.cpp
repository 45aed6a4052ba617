#include "autograd/viz/draw.h"

#include <fmt/format.h>
#include <graphviz/gvc.h>

#include <algorithm>
#include <mutex>

#include "autograd/io/replacing_file.h"
#include "autograd/tensor/error.h"
#include "autograd/viz/picture.h"
#include "autograd/viz/rendered.h"

namespace taper::viz {

namespace {

/// With more to lay out Graphviz needs minutes (docs/pictures.md has times).
constexpr size_t most = 1000;

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
  size_t size = layout_size(picture), boxes = picture.boxes.size();
  if (size <= most) return picture;
  for (size_t depth = module_depth(picture); depth > 0; --depth) {
    Picture smaller = folded(picture, depth);
    if (layout_size(smaller) > most) continue;
    std::string note = fmt::format("{} boxes, drawn module by module", boxes);
    smaller.title += (smaller.title.empty() ? "" : "\n") + note;
    return smaller;
  }
  fail("draw",
       "the graph has {} boxes and {} places that its arrows pass{}; expected {} together, or a "
       "path that ends in .dot",
       boxes, size - boxes,
       folded_already || module_depth(picture) ? ", too many even module by module" : "", most);
}

std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (line.ends_with(' ')) line.remove_suffix(1);
    if (!line.empty()) (out += out.empty() ? "" : "; ") += line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Graphviz, for one thread at a time. Its messages go into our errors instead of the terminal.
class Graphviz {
 public:
  Graphviz() : lock_(mutex_), before_(agseterr(AGMAX)) { agreseterrors(); }
  ~Graphviz() { agseterr(before_); }
  Graphviz(const Graphviz&) = delete;
  Graphviz& operator=(const Graphviz&) = delete;

  /// One for the whole process: each of them keeps 45 kB to its end.
  static GVC_t* context() {
    static GVC_t* context = gvContext();
    return context;
  }
  static bool complained() { return agerrors() >= AGERR; }
  [[noreturn]] static void fail_with_reason(const std::string& what) {
    const char* text = aglasterr();
    fail("draw", "Graphviz cannot {}: {}", what, text ? one_line(text) : "no reason given");
  }

 private:
  static inline std::mutex mutex_;
  std::lock_guard<std::mutex> lock_;
  agerrlevel_t before_;
};

/// A graph with its layout.
class Layout {
 public:
  explicit Layout(const std::string& dot) : graph_(agmemread(dot.c_str())) {
    if (graph_) laid_out_ = gvLayout(Graphviz::context(), graph_, "dot") == 0;
  }
  ~Layout() {
    if (laid_out_) gvFreeLayout(Graphviz::context(), graph_);
    if (graph_) agclose(graph_);
  }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;

  Agraph_t* graph() const { return laid_out_ ? graph_ : nullptr; }

 private:
  Agraph_t* graph_;
  bool laid_out_ = false;
};

}  // namespace

std::string rendered(const std::string& dot, const std::string& format) {
  Graphviz graphviz;
  Layout layout(dot);
  if (!layout.graph() || Graphviz::complained()) Graphviz::fail_with_reason("lay out the graph");
  char* data = nullptr;
  unsigned size = 0;
  int failed = gvRenderData(Graphviz::context(), layout.graph(), format.c_str(), &data, &size);
  std::string out(data ? data : "", data ? size : 0);
  if (data) gvFreeRenderData(data);
  if (failed || !data) Graphviz::fail_with_reason("write " + format);
  return out;
}

void draw(TensorList outputs, const std::string& path, const Options& options) {
  std::string ending = ending_of(path);
  Picture picture = picture_of("draw", outputs, options);
  if (options.modules) picture = folded(picture, module_depth(picture));
  if (ending != "dot") picture = small_enough(std::move(picture), options.modules);
  std::string content = dot_text(picture);
  if (ending != "dot") content = rendered(content, ending);
  io::write_file("draw", path, content);
}

void draw(const Tensor& output, const std::string& path, const Options& options) {
  draw(tensor_list{output}, path, options);
}

}  // namespace taper::viz
