#pragma once

#include <unordered_map>

#include "nn/optim/optimizer.h"

namespace taper::optim {

struct SGDOptions {
  ByName by_name_ = {};
  Required<double> lr;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  TAPER_OPTIONS(SGDOptions, 1, lr, momentum, dampening, weight_decay, nesterov)
};

/// Stochastic gradient descent, as PyTorch's: g = grad + weight_decay p; with momentum
/// b = momentum b + (1 - dampening) g, in the first step b = g; p -= lr (g, b, or for Nesterov g +
/// momentum b).
class SGD : public GroupOptimizer<SGD, SGDOptions> {
 public:
  SGD(const tensor_list& params, const SGDOptions& options)
      : SGD(std::vector<Group>{Group{params}}, options) {}
  SGD(std::vector<Group> groups, const SGDOptions& options)
      : GroupOptimizer(std::move(groups), options) {}

  static constexpr const char* op_name = "SGD";
  static void check(const SGDOptions& options);

 private:
  struct State {
    Tensor momentum;
    int64_t steps = 0;
  };
  void update() override;

  std::unordered_map<const TensorImpl*, State> state_;
};

}  // namespace taper::optim
