#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

namespace taper {

/// A function that was registered to run in backward, shared by all who may run or remove it.
template <class F>
struct Hook {
  unsigned id;
  std::function<F> run;
  bool removed = false;
};

/// Hooks in the order they were registered. While they run, one may remove itself or others, and
/// register more, which run from the next time on.
template <class F>
class HookList {
 public:
  using Item = std::shared_ptr<Hook<F>>;

  Item add(unsigned id, std::function<F> f) {
    return list_.emplace_back(std::make_shared<Hook<F>>(Hook<F>{id, std::move(f)}));
  }
  void add(Item hook) { list_.push_back(std::move(hook)); }

  /// Whether there was one with this id.
  bool remove(unsigned id) {
    auto it = std::find_if(list_.begin(), list_.end(), [&](auto& h) { return h->id == id; });
    if (it == list_.end()) return false;
    (*it)->removed = true;  // others may hold it too
    list_.erase(it);
    return true;
  }

  /// Calls f with each function.
  template <class Call>
  void each(Call f) const {
    if (list_.empty()) return;
    for (const Item& hook : std::vector<Item>(list_))
      if (!hook->removed) f(hook->run);
  }

 private:
  std::vector<Item> list_;
};

}  // namespace taper
