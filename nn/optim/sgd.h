#pragma once

#include <memory>

#include "nn/optim/optimizer.h"

namespace taper::optim {

/// Of SGD; all are PyTorch's.
struct SGDOptions {
  ByName by_name_ = {};
  Required<double> lr;      ///< the learning rate
  double momentum = 0;      ///< the part of the last step that stays
  double dampening = 0;     ///< the part of the gradient that momentum leaves out
  double weight_decay = 0;  ///< this times the parameter is added to its gradient
  bool nesterov = false;    ///< looks a step of momentum ahead
  TAPER_OPTIONS(SGDOptions, 1, lr, momentum, dampening, weight_decay, nesterov)
};

/// Stochastic gradient descent, as PyTorch's: g = grad + weight_decay p; with momentum
/// b = momentum b + (1 - dampening) g, in the first step b = g; p -= lr (g, b, or for Nesterov g +
/// momentum b).
class SGD final : public GroupOptimizer<SGD, SGDOptions> {
 public:
  /// Of one group. Throws where an option or a parameter will not do.
  SGD(const tensor_list& params, const SGDOptions& options);
  /// Of several: `SGD({{a.parameters(), {.lr = 0.01}}, {b.parameters()}}, {.lr = 0.1})`
  SGD(std::vector<Group> groups, const SGDOptions& options);
  ~SGD() override;

  static constexpr const char* op_name = "SGD";
  /// Throws unless the options make sense.
  static void check(const SGDOptions& options);

 private:
  struct States;
  void update() override;

  std::unique_ptr<States> states_;
};

extern template class GroupOptimizer<SGD, SGDOptions>;

}  // namespace taper::optim
