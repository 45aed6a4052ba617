// Modules drawn as one box, and how much there is to lay out.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "autograd/viz/picture.h"

namespace taper::viz {

namespace {

/// Which modules become one box: those at the given depth, and those that hold no others.
class Folds {
 public:
  Folds(const Picture& picture, size_t depth) : depth_(depth) {
    for (const Box& box : picture.boxes)
      for (const ModulePath* m = box.module; m && m->parent; m = m->parent)
        holders_.insert(m->parent);
  }

  /// The module whose box a box inside `module` goes to; null if it stays.
  const ModulePath* of(const ModulePath* module) const {
    const ModulePath* m = module;
    for (size_t d = module_depth(m); d > depth_; --d) m = m->parent;
    if (!m || (module_depth(m) < depth_ && holders_.contains(m))) return nullptr;
    return m;
  }

 private:
  size_t depth_;
  std::unordered_set<const ModulePath*> holders_;
};

/// Builds the picture with folded modules, box by box.
class Folder {
 public:
  Folder(const Picture& picture, size_t depth)
      : picture_(picture), folds_(picture, depth), place_(picture.boxes.size()) {
    out_.title = picture.title;
    out_.left_to_right = picture.left_to_right;
  }

  Picture run() {
    for (size_t i = 0; i < place_.size(); ++i) place_[i] = place(picture_.boxes[i]);
    for (Box& box : out_.boxes)
      if (box.kind == Box::Kind::module) describe(box);
    add_arrows();
    return std::move(out_);
  }

 private:
  size_t place(const Box& box) {
    size_t next = out_.boxes.size();
    const ModulePath* module = folds_.of(box.module);
    if (!module) {
      out_.boxes.push_back(box);
      return next;
    }
    auto [found, is_new] = modules_.try_emplace(module, next);
    if (is_new)
      out_.boxes.push_back({.kind = Box::Kind::module,
                            .name = module_label(module),
                            .module = module->parent,
                            .ops = 0});
    Box& whole = out_.boxes[found->second];
    whole.ops += box.ops;
    whole.parameters += box.parameters;
    return found->second;
  }

  static void describe(Box& box) {
    box.notes = {fmt::format("{} op{}", box.ops, box.ops == 1 ? "" : "s")};
    if (box.parameters) box.notes.push_back(fmt::format("{} parameters", box.parameters));
  }

  void add_arrows() {
    std::set<std::tuple<size_t, size_t, std::string>> seen;
    for (const Arrow& arrow : picture_.arrows) {
      size_t from = place_[arrow.from], to = place_[arrow.to];
      if (from != to && seen.emplace(from, to, arrow.label).second)
        out_.arrows.push_back({from, to, arrow.label});
    }
  }

  const Picture& picture_;
  Folds folds_;
  Picture out_;
  std::unordered_map<const ModulePath*, size_t> modules_;
  std::vector<size_t> place_;
};

/// Each box's rank: the length of the longest way to it. Arrows that close a circle, which folding
/// makes, do not count.
std::vector<size_t> ranks_of(const Picture& picture) {
  std::vector<std::vector<size_t>> after(picture.boxes.size());
  std::vector<size_t> waits(picture.boxes.size()), rank(picture.boxes.size()), ready;
  for (const Arrow& arrow : picture.arrows) {
    after[arrow.from].push_back(arrow.to);
    ++waits[arrow.to];
  }
  for (size_t i = 0; i < waits.size(); ++i)
    if (!waits[i]) ready.push_back(i);
  while (!ready.empty()) {
    size_t box = ready.back();
    ready.pop_back();
    for (size_t next : after[box]) {
      rank[next] = std::max(rank[next], rank[box] + 1);
      if (--waits[next] == 0) ready.push_back(next);
    }
  }
  return rank;
}

}  // namespace

size_t layout_size(const Picture& picture) {
  std::vector<size_t> rank = ranks_of(picture);
  // A leaf is drawn right above what it goes to, however far down that is.
  std::vector<size_t> nearest(rank.size(), SIZE_MAX);
  for (const Arrow& arrow : picture.arrows)
    nearest[arrow.from] = std::min(nearest[arrow.from], rank[arrow.to]);
  std::vector<bool> is_entered(rank.size());
  for (const Arrow& arrow : picture.arrows) is_entered[arrow.to] = true;
  for (size_t i = 0; i < rank.size(); ++i)
    if (!is_entered[i] && nearest[i] != SIZE_MAX && nearest[i] > 0) rank[i] = nearest[i] - 1;
  size_t size = rank.size();
  for (const auto& [from, to, label] : picture.arrows) {
    size_t span = rank[from] < rank[to] ? rank[to] - rank[from] : rank[from] - rank[to];
    size += span > 1 ? span - 1 : 0;
  }
  return size;
}

size_t module_depth(const ModulePath* module) {
  size_t depth = 0;
  for (; module; module = module->parent) ++depth;
  return depth;
}

size_t module_depth(const Picture& picture) {
  size_t depth = 0;
  for (const Box& box : picture.boxes) depth = std::max(depth, module_depth(box.module));
  return depth;
}

Picture folded(const Picture& picture, size_t depth) { return Folder(picture, depth).run(); }

}  // namespace taper::viz
