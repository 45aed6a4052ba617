#pragma once

// What a run of the engine knows of the graph below its roots; for engine.cpp alone.

#include <atomic>
#include <unordered_map>

#include "autograd/graph/node.h"

namespace taper {

/// A node or leaf that a run of the engine reaches, kept alive by the run's roots.
struct Frame {
  Node* node;
  TensorImpl* leaf;
  uint32_t gradients;    ///< where its gradients start in the run's list
  uint32_t below = 0;    ///< where the frames that its edges lead to start in the run's list
  uint32_t waiting = 0;  ///< edges into it that have not delivered yet
  bool asked = false;    ///< its gradient was asked for
  bool needed = true;    ///< on a way to one that was
};

/// Finds frames by the slot that nodes and leaves keep for the engine. The slots belong to one run
/// at a time; a run inside or beside it uses a map.
class Frames {
 public:
  static constexpr uint32_t none = uint32_t(-1);

  Frames() : owns_slots_(!slots_taken.exchange(true, std::memory_order_acquire)) {}
  ~Frames() {
    if (owns_slots_) slots_taken.store(false, std::memory_order_release);
  }

  Frame& operator[](uint32_t i) { return list_[i]; }
  uint32_t size() const { return uint32_t(list_.size()); }
  uint32_t gradients() const { return gradients_; }

  /// The frame of an edge's end, or none.
  uint32_t find(const Edge& e) {
    uint32_t i = slot(e);
    return i < list_.size() && list_[i].node == e.node.get() && list_[i].leaf == e.leaf.get()
               ? i
               : none;
  }

  /// The frame of an edge's end, made if it was not reached before.
  uint32_t reach(const Edge& e) {
    if (uint32_t i = find(e); i != none) return i;
    slot(e) = size();
    list_.push_back({e.node.get(), e.leaf.get(), gradients_});
    gradients_ += e.node ? uint32_t(e.node->outputs()) : 1;
    return slot(e);
  }

 private:
  uint32_t& slot(const Edge& e) {
    if (owns_slots_) return e.node ? e.node->slot : e.leaf->leaf->slot;
    const void* key = e.node ? static_cast<const void*>(e.node.get()) : e.leaf.get();
    return map_.emplace(key, none).first->second;
  }

  static inline std::atomic<bool> slots_taken = false;
  bool owns_slots_;
  memory::vector<Frame> list_;
  std::unordered_map<const void*, uint32_t> map_;
  uint32_t gradients_ = 0;
};

}  // namespace taper
