#pragma once

#include <memory>
#include <tuple>

#include "nn/optim/optimizer.h"

namespace taper::optim {

namespace detail {
struct AdamStates;
}

struct AdamOptions {
  ByName by_name_ = {};
  double lr = 1e-3;
  std::tuple<double, double> betas = {0.9, 0.999};  ///< how much of the averages stays
  double eps = 1e-8;                                ///< added to the root of the second average
  double weight_decay = 0;                          ///< this times the parameter joins its gradient
  bool amsgrad = false;  ///< divides by the largest second average so far
  TAPER_OPTIONS(AdamOptions, 0, lr, betas, eps, weight_decay, amsgrad)
};

/// Adam (Kingma and Ba 2014), as PyTorch's: averages m of the gradient and v of its square, p -= lr
/// / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps) in step t = 1, 2, ...
class Adam final : public GroupOptimizer<Adam, AdamOptions> {
 public:
  explicit Adam(const tensor_list& params, const AdamOptions& options = {});
  Adam(std::vector<Group> groups, const AdamOptions& options = {});
  ~Adam() override;

  static constexpr const char* op_name = "Adam";
  static void check(const AdamOptions& options);

 private:
  void update() override;

  std::unique_ptr<detail::AdamStates> states_;
};
extern template class GroupOptimizer<Adam, AdamOptions>;

struct AdamWOptions {
  ByName by_name_ = {};
  double lr = 1e-3;
  std::tuple<double, double> betas = {0.9, 0.999};  ///< how much of the averages stays
  double eps = 1e-8;                                ///< added to the root of the second average
  double weight_decay = 1e-2;                       ///< the parameter shrinks by lr times this
  bool amsgrad = false;  ///< divides by the largest second average so far
  TAPER_OPTIONS(AdamWOptions, 0, lr, betas, eps, weight_decay, amsgrad)
};

/// AdamW (Loshchilov and Hutter 2017), as PyTorch's: p *= 1 - lr weight_decay, then a step of Adam
/// without weight decay.
class AdamW final : public GroupOptimizer<AdamW, AdamWOptions> {
 public:
  explicit AdamW(const tensor_list& params, const AdamWOptions& options = {});
  AdamW(std::vector<Group> groups, const AdamWOptions& options = {});
  ~AdamW() override;

  static constexpr const char* op_name = "AdamW";
  static void check(const AdamWOptions& options);

 private:
  void update() override;

  std::unique_ptr<detail::AdamStates> states_;
};
extern template class GroupOptimizer<AdamW, AdamWOptions>;

}  // namespace taper::optim
