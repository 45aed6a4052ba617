#include "autograd/viz/picture.h"

#include <fmt/format.h>

#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "autograd/graph/node.h"
#include "autograd/graph/view.h"
#include "autograd/ops/op.h"

namespace taper::viz {

namespace {

/// The innermost module that both lie in.
const ModulePath* common(const ModulePath* a, const ModulePath* b) {
  size_t da = module_depth(a), db = module_depth(b);
  for (; da > db; --da) a = a->parent;
  for (; db > da; --db) b = b->parent;
  while (a != b) {
    a = a->parent;
    b = b->parent;
  }
  return a;
}

std::string shape_text(IntList sizes, Dtype dtype) {
  std::string shape = sizes.empty() ? "scalar" : to_string(sizes);
  return dtype == float32 ? shape : fmt::format("{} {}", shape, dtype);
}

/// Attributes that say "not used" only take room.
bool is_empty(const Attribute::Value& value) {
  if (auto* list = std::get_if<std::vector<int64_t>>(&value)) return list->empty();
  if (auto* flag = std::get_if<bool>(&value)) return !*flag;
  return false;
}

std::string bytes_text(int64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 10'000'000) return fmt::format("{} kB", bytes / 1000);
  return fmt::format("{} MB", bytes / 1'000'000);
}

/// "da = dy b; db = dy a" as a list.
std::vector<std::string> split_rules(std::string_view text) {
  std::vector<std::string> rules;
  while (!text.empty()) {
    size_t end = std::min(text.find(';'), text.size());
    std::string_view rule = text.substr(0, end);
    rule.remove_prefix(std::min(rule.find_first_not_of(' '), rule.size()));
    if (!rule.empty()) rules.emplace_back(rule);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rules;
}

/// What tells tensors apart: nodes keep aliases of what they read.
using Place = std::tuple<const Storage*, int64_t, std::vector<int64_t>, std::vector<int64_t>>;

Place place_of(const Tensor& t) {
  const TensorImpl& x = *t.impl();
  return {x.storage.get(), x.offset, IntList(x.sizes).vec(), IntList(x.strides).vec()};
}

class Collector {
 public:
  Collector(std::string_view function, const Options& options)
      : function_(function), options_(options) {
    for (const auto& [name, tensor] : options.names.pairs())
      if (tensor.defined()) names_.emplace(place_of(tensor), name);
  }

  Picture run(TensorList outputs) {
    if (outputs.empty()) fail(function_, "no outputs; expected at least one");
    for (size_t k = 0; k < outputs.size(); ++k)
      if (!outputs[k].defined()) fail(function_, "output {} is undefined; expected a tensor", k);
    for (size_t k = 0; k < outputs.size(); ++k)
      add_output(outputs[k], outputs.size() > 1 ? fmt::format("output {}", k) : "output");
    repeat_leaves();
    if (options_.backward) turn_around();
    picture_.title = options_.title;
    picture_.left_to_right = options_.left_to_right;
    return std::move(picture_);
  }

 private:
  using Kind = Box::Kind;

  size_t add(Box box) {
    picture_.boxes.push_back(std::move(box));
    return picture_.boxes.size() - 1;
  }

  void add_output(const Tensor& y, const std::string& name) {
    Edge edge = gradient_edge(*y.impl());
    if (edge.node) add_nodes(edge.node.get());
    size_t from = edge.node ? boxes_.at(edge.node.get()) : leaf_box(y, nullptr);
    if (!edge.node) return;  // the tensor is all there is
    std::string shape = shape_text(y.sizes(), y.dtype());
    size_t to = add({.kind = Kind::output, .name = name, .notes = {shape}, .ops = 0});
    picture_.arrows.push_back({from, to, ""});
  }

  /// Adds what the root depends on before itself; with a stack of its own, the graph may be deep.
  void add_nodes(const Node* root) {
    std::vector<std::pair<const Node*, size_t>> stack;
    auto enter = [&](const Node* node) {
      if (visited_.insert(node).second) stack.push_back({node, 0});
    };
    enter(root);
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next == node->inputs()) {
        add_node(*node);
        stack.pop_back();
      } else if (const Edge& e = node->edge(next++); e.node) {
        enter(e.node.get());
      }
    }
  }

  void add_node(const Node& node) {
    std::vector<Arrow> arrows;
    for (size_t i = 0; i < node.inputs(); ++i)
      if (const Edge& e = node.edge(i); e.node) {
        const OutputMeta& meta = e.node->output(e.output_nr);
        arrows.push_back({boxes_.at(e.node.get()), 0, shape_text(meta.sizes, meta.dtype)});
      } else if (e.leaf) {
        arrows.push_back({leaf_box(Tensor(e.leaf), &node), 0, ""});
      }
    std::vector<std::string> notes = notes_of(node);
    if (!options_.backward) add_constants(node, arrows, notes);
    size_t box = add({.kind = Kind::op,
                      .name = std::string(node.name()),
                      .notes = std::move(notes),
                      .tooltip = tooltip_of(node),
                      .module = node.path()});
    boxes_.emplace(&node, box);
    for (Arrow& arrow : arrows) {
      arrow.to = box;
      picture_.arrows.push_back(std::move(arrow));
    }
  }

  std::vector<std::string> notes_of(const Node& node) const {
    std::vector<std::string> notes;
    if (options_.backward) {
      notes = split_rules(node.type().info->grad);
      if (notes.size() != node.inputs()) return notes;
      for (size_t i = node.inputs(); i-- > 0;)
        if (!node.edge(i)) notes.erase(notes.begin() + std::ptrdiff_t(i));
    } else {
      for (const auto& [name, value] : node.attributes())
        if (!is_empty(value)) notes.push_back(name + "=" + to_string(value));
    }
    return notes;
  }

  /// Values that no gradient goes to are known where a rule reads them: numbers as notes, tensors
  /// as inputs.
  void add_constants(const Node& node, std::vector<Arrow>& arrows,
                     std::vector<std::string>& notes) {
    for (size_t k = 0; k < node.saved(); ++k) {
      const SavedValue& s = node.saved_value(k);
      size_t i = size_t(s.index);
      if (s.is_output || !s.data.storage || (i < node.inputs() && node.edge(i))) continue;
      Tensor value = tensor_of(s.data);
      if (value.dim() > 0 || names_.contains(place_of(value)))
        arrows.push_back({leaf_box(value, &node), 0, ""});
      else
        notes.push_back(fmt::format("input {}: {:lv.6g}", i, value));
    }
  }

  size_t leaf_box(const Tensor& t, const Node* user) {
    const ModulePath* module = user ? user->path() : nullptr;
    auto [found, is_new] = leaves_.try_emplace(place_of(t), 0);
    if (!is_new) {
      Box& box = picture_.boxes[found->second];
      if (box.in_module) box.module = common(box.module, module);
      return found->second;
    }
    auto name = names_.find(place_of(t));
    bool named = name != names_.end();
    bool in_module = named || (t.requires_grad() && options_.names.pairs().empty());
    found->second = add({.kind = named ? Kind::parameter : Kind::input,
                         .name = named ? name->second : "input",
                         .notes = {shape_text(t.sizes(), t.dtype())},
                         .module = in_module ? module : nullptr,
                         .in_module = in_module,
                         .ops = 0,
                         .parameters = named ? t.numel() : 0});
    return found->second;
  }

  /// A leaf that many ops use, such as the weights of an unrolled recurrence, stands again beside
  /// each: one box would pull all of them together, and its arrows across the picture.
  void repeat_leaves() {
    constexpr size_t most_users = 4;
    std::vector<size_t> users(picture_.boxes.size()), seen(picture_.boxes.size());
    for (const Arrow& arrow : picture_.arrows) ++users[arrow.from];
    for (Arrow& arrow : picture_.arrows) {
      size_t leaf = arrow.from;
      Kind kind = picture_.boxes[leaf].kind;
      if (kind != Kind::parameter && kind != Kind::input) continue;
      if (users[leaf] <= most_users) continue;
      Box again = picture_.boxes[leaf];
      if (again.in_module) again.module = picture_.boxes[arrow.to].module;
      again.parameters = 0;  // counted once
      if (seen[leaf]++)
        arrow.from = add(std::move(again));
      else
        picture_.boxes[leaf].module = again.module;
    }
  }

  std::string tooltip_of(const Node& node) const {
    const OpInfo& info = *node.type().info;
    std::string text = info.name;
    auto add_line = [&](const std::string& line) { text += "\n" + line; };
    if (*info.formula) add_line(info.formula);
    for (const std::string& rule : split_rules(info.grad)) add_line(rule);
    if (*info.doc) add_line(info.doc);
    int64_t bytes = 0;
    for (size_t k = 0; k < node.saved(); ++k) bytes += int64_t(node.saved_value(k).nbytes());
    if (bytes) add_line("keeps " + bytes_text(bytes) + " for backward");
    return text;
  }

  /// Gradients go from the outputs to the leaves.
  void turn_around() {
    for (Arrow& arrow : picture_.arrows) std::swap(arrow.from, arrow.to);
    for (Box& box : picture_.boxes)
      if (box.kind == Kind::parameter || box.kind == Kind::input)
        box.name += ".grad";
      else if (box.kind == Kind::output)
        box.name = "gradient of " + box.name;
  }

  std::string_view function_;
  const Options& options_;
  Picture picture_;
  std::map<Place, std::string> names_;
  std::unordered_set<const Node*> visited_;
  std::unordered_map<const Node*, size_t> boxes_;
  std::map<Place, size_t> leaves_;
};

}  // namespace

Picture picture_of(std::string_view function, TensorList outputs, const Options& options) {
  return Collector(function, options).run(outputs);
}

std::string to_dot(TensorList outputs, const Options& options) {
  Picture picture = picture_of("to_dot", outputs, options);
  return dot_text(options.modules ? folded(picture, module_depth(picture)) : picture);
}

std::string to_dot(const Tensor& output, const Options& options) {
  return to_dot(tensor_list{output}, options);
}

std::string module_label(const ModulePath* module) {
  std::string_view name = module->full;
  if (module->parent && !module->parent->full.empty() &&
      name.starts_with(module->parent->full + "."))
    name.remove_prefix(module->parent->full.size() + 1);
  return name.empty() ? module->type : fmt::format("{}: {}", name, module->type);
}

}  // namespace taper::viz
