// A picture in Graphviz' DOT language, written without any library.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "autograd/viz/picture.h"

namespace taper::viz {

namespace {

constexpr const char* font = "Helvetica,Arial,sans-serif";

/// Fill and border of a kind of box, and its shape.
struct Look {
  const char* fill;
  const char* border;
  const char* style;
};

Look look_of(Box::Kind kind) {
  switch (kind) {
    case Box::Kind::op: return {"#e9effb", "#8ea6d8", "rounded,filled"};
    case Box::Kind::parameter: return {"#fdf2d6", "#d8b25a", "filled"};
    case Box::Kind::input: return {"#e4f4e8", "#83bb94", "filled"};
    case Box::Kind::output: return {"#fbe3e1", "#d98c86", "filled"};
    case Box::Kind::module: return {"#eee8f8", "#a78fcf", "rounded,filled"};
  }
  return {};
}

/// The number of bytes of the character that the text begins with; 0 where they are not UTF-8.
size_t character(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  unsigned first = byte(0), second = byte(1);
  size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first > 0xf4) return 0;
  for (size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  bool too_long = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool none = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return too_long || none ? 0 : size;
}

/// Text that is UTF-8, as it is; any other byte as a question mark. Control characters, which XML
/// forbids, become blanks, but for new lines.
std::string clean(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t size = character(text);
    bool control = size == 1 && static_cast<unsigned char>(text[0]) < ' ' && text[0] != '\n';
    if (size && !control)
      out += text.substr(0, size);
    else
      out += control ? ' ' : '?';
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

/// For HTML-like labels, in which no element may be empty.
std::string html(std::string_view text) {
  if (text.empty()) return " ";
  std::string out;
  for (char c : clean(text)) switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\n': out += ' '; break;
      default: out += c;
    }
  return out;
}

/// A quoted string in which backslashes mean themselves; new lines stay.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : clean(text)) switch (c) {
      case '\n': out += "\\n"; break;
      case '&': out += "&amp;"; break;
      case '"':
      case '\\': (out += '\\') += c; break;
      default: out += c;
    }
  return out + "\"";
}

/// Short notes share a line; lines end at about this many characters.
constexpr size_t note_width = 34;

std::string label_of(const Box& box) {
  std::string out = "<b>" + html(box.name) + "</b>", line;
  auto flush = [&] {
    if (!line.empty()) out += "<br/><font point-size=\"9\">" + html(line) + "</font>";
    line.clear();
  };
  for (const std::string& note : box.notes) {
    if (line.size() + note.size() > note_width) flush();
    line += (line.empty() ? "" : ", ") + note;
  }
  flush();
  return "<" + out + ">";
}

/// The modules of a picture as a tree, in the order in which they first appear.
struct Cluster {
  const ModulePath* module = nullptr;
  std::vector<size_t> boxes = {};
  std::vector<size_t> children = {};
};

class Writer {
 public:
  explicit Writer(const Picture& picture) : picture_(picture) {}

  std::string text() {
    clusters_.push_back({});
    for (size_t i = 0; i < picture_.boxes.size(); ++i)
      clusters_[cluster_of(picture_.boxes[i].module)].boxes.push_back(i);
    head();
    write(0, "  ");
    for (const Arrow& arrow : picture_.arrows) write(arrow);
    return std::move(out_) + "}\n";
  }

 private:
  size_t cluster_of(const ModulePath* module) {
    if (!module) return 0;
    auto found = place_.find(module);
    if (found != place_.end()) return found->second;
    size_t parent = cluster_of(module->parent), own = clusters_.size();
    clusters_.push_back({.module = module});
    clusters_[parent].children.push_back(own);
    place_.emplace(module, own);
    return own;
  }

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void head() {
    line("digraph taper {{\n");
    line(
        "  graph [rankdir={}, bgcolor=\"white\", fontname=\"{}\", fontsize=11, nodesep=0.25, "
        "ranksep=0.3, pad=0.15{}];\n",
        picture_.left_to_right ? "LR" : "TB", font,
        picture_.title.empty() ? "" : ", labelloc=t, label=" + quoted(picture_.title));
    line(
        "  node [shape=box, fontname=\"{}\", fontsize=11, fontcolor=\"#27303f\", height=0.3, "
        "margin=\"0.12,0.06\"];\n",
        font);
    line(
        "  edge [color=\"#7d8899\", fontname=\"{}\", fontsize=9, fontcolor=\"#5b6675\", "
        "arrowsize=0.6];\n",
        font);
  }

  void write(size_t cluster, const std::string& indent) {
    for (size_t i : clusters_[cluster].boxes) write_box(i, indent);
    for (size_t child : clusters_[cluster].children) {
      line("{}subgraph cluster_{} {{\n", indent, child);
      line(
          "{}  graph [label={}, style=\"rounded,filled\", fillcolor=\"{}\", color=\"#cdd5e1\", "
          "fontcolor=\"#5b6675\", labeljust=l, margin=10];\n",
          indent, quoted(module_label(clusters_[child].module)),
          indent.size() % 4 ? "#f7f8fb" : "#ffffff");
      write(child, indent + "  ");
      line("{}}}\n", indent);
    }
  }

  void write_box(size_t i, const std::string& indent) {
    const Box& box = picture_.boxes[i];
    Look look = look_of(box.kind);
    line("{}n{} [label={}, style=\"{}\", fillcolor=\"{}\", color=\"{}\", tooltip={}];\n", indent, i,
         label_of(box), look.style, look.fill, look.border,
         quoted(box.tooltip.empty() ? box.name : box.tooltip));
  }

  void write(const Arrow& arrow) {
    line("  n{} -> n{}", arrow.from, arrow.to);
    if (!arrow.label.empty()) line(" [label=\" {} \", weight=4]", arrow.label);
    line(";\n");
  }

  const Picture& picture_;
  std::vector<Cluster> clusters_;
  std::map<const ModulePath*, size_t> place_;
  std::string out_;
};

}  // namespace

std::string dot_text(const Picture& picture) { return Writer(picture).text(); }

}  // namespace taper::viz
