#pragma once

#include <array>
#include <dnnl.hpp>
#include <memory>
#include <unordered_map>

#include "autograd/kernels/conv_onednn.h"

namespace taper::kernels {

/// All that decides a plan.
struct ConvKey {
  ConvGeometry geometry;
  ConvPass pass = ConvPass::forward;
  bool bias = false, winograd = false;
  bool plain = false;  ///< no layout but plain ones, and so no reorders
  int threads = 1;
  bool operator==(const ConvKey&) const = default;
};

enum class ConvRole : uint8_t { x, w, y, b };

/// One part of a convolution as its plan is given it: in plain layout, or in the one that the plan
/// wants.
struct ConvPart {
  void* data = nullptr;
  bool as_wanted = false;
};

/// A convolution's primitive with the layouts that it wants, and the reorders from and to plain
/// layout. It belongs to one thread.
class ConvPlan {
 public:
  explicit ConvPlan(const ConvKey& key);
  ~ConvPlan();
  ConvPlan(const ConvPlan&) = delete;
  ConvPlan& operator=(const ConvPlan&) = delete;

  /// False where oneDNN has no kernel; nothing below may be called then.
  bool valid() const { return bool(primitive_); }
  /// What oneDNN calls the kernel.
  const std::string& kernel() const { return kernel_; }
  /// Channels of the blocks that a role is wanted in; 0 if it is wanted in another layout.
  int64_t block(ConvRole role) const { return operand(role).block; }
  int64_t scratch() const { return scratch_; }
  /// `parts` by role; `weight` says which values w has.
  void run(const std::array<ConvPart, 4>& parts, void* scratch, WeightTag weight);

  int64_t last_use = 0;

 private:
  using Layout = dnnl::memory::desc;
  using Arguments = std::unordered_map<int, dnnl::memory>;

  struct Operand {
    int argument = 0;  ///< DNNL_ARG_..; 0 if the pass lacks it
    bool written = false;
    Layout plain, wanted;
    dnnl::primitive reorder;  ///< to the wanted layout, or back from it
    Arguments reorder_arguments;
    int64_t block = 0;
    int64_t place = 0, reorder_scratchpad = 0;  ///< in scratch, in bytes
  };
  struct KeptWeight {
    WeightTag tag;
    void* data;
  };

  const Operand& operand(ConvRole role) const { return operands_[size_t(role)]; }
  static bool moves(const Operand& o, const ConvPart& part) { return o.reorder && !part.as_wanted; }
  void choose_primitive(const ConvKey& key, dnnl::algorithm algorithm);
  template <class Chosen>
  bool take(const Chosen& chosen, dnnl::algorithm algorithm);
  int64_t reserve(const Layout& layout);
  void add_operand(ConvRole role, int argument, bool written, const Layout& plain,
                   const Layout& wanted);
  void reorder(Operand& o, void* plain, void* wanted, std::byte* scratch);
  void* wanted_weight(Operand& o, void* plain, std::byte* scratch, WeightTag weight);
  KeptWeight& kept_weight(const Operand& o, uint64_t storage);

  int threads_;
  std::array<Operand, 4> operands_;
  dnnl::primitive primitive_;
  std::string kernel_;
  Arguments arguments_;
  int64_t scratch_ = 0, scratchpad_place_ = 0;
  std::vector<KeptWeight> kept_;
  size_t weight_bytes_ = 0, next_kept_ = 0;
};

}  // namespace taper::kernels
