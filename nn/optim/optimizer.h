#pragma once

#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#include "autograd/tensor/tensor.h"
#include "nn/options.h"

namespace taper::optim {

using nn::Required;
/// Computes the loss and its gradients.
using LossClosure = std::function<Tensor()>;

/// Parameters that are changed by the same options. In a constructor's list, options left at their
/// defaults are taken from the optimiser's: `SGD({{a.parameters(), {.lr = 0.01}},
/// {b.parameters()}}, {.lr = 0.1})`.
template <class Options>
struct ParamGroup {
  ParamGroup(tensor_list p) : ParamGroup(std::move(p), nn::default_options<Options>()) {}
  ParamGroup(tensor_list p, const Options& o) : params(std::move(p)), options(o) {}

  tensor_list params;
  Options options;
};

/// Base of the optimisers.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;  // two would take turns with the same parameters
  Optimizer& operator=(const Optimizer&) = delete;

  /// Changes every parameter that has a gradient. A closure computes the loss first, and is asked
  /// for it again by optimisers that need to; its loss is returned.
  Tensor step(const LossClosure& closure = {});
  /// Makes the parameters' gradients undefined, or zero.
  void zero_grad(bool set_to_none = true);

  /// The parameters of all groups, in their order.
  virtual tensor_list parameters() const = 0;
  /// The number of groups.
  virtual size_t groups() const = 0;
  /// The learning rate of a group; throws IndexError where there is none of that number.
  virtual double get_lr(size_t group = 0) const = 0;
  /// Sets the learning rate of all groups.
  virtual void set_lr(double lr) = 0;

 protected:
  Optimizer() = default;
  virtual void update() = 0;
};

namespace detail {

/// Gives a parameter's state its type, which Module::to may have changed.
void follow_type(Tensor& state, const Tensor& p);

/// Throws unless every parameter is a leaf with values.
void check_parameters(std::string_view op, const tensor_list& params);
/// Throws IndexError unless the group is one of so many.
void check_group(std::string_view op, size_t group, size_t groups);

/// Gives the fields of `options` that were left at their defaults the values of `otherwise`.
template <class Options>
void inherit(Options& options, const Options& otherwise) {
  Options unset = nn::default_options<Options>();
  auto to = nn::detail::fields(options), none = nn::detail::fields(unset);
  auto from = nn::detail::fields(otherwise);
  auto take = [&]<size_t... I>(std::index_sequence<I...>) {
    ((nn::detail::same_option(std::get<I>(to), std::get<I>(none))
          ? void(std::get<I>(to) = std::get<I>(from))
          : void()),
     ...);
  };
  take(std::make_index_sequence<std::tuple_size_v<decltype(to)>>());
}

}  // namespace detail

/// An optimiser with groups of such options. Self checks them in `static void check(const
/// Options&)`.
template <class Self, class Options>
class GroupOptimizer : public Optimizer {
 public:
  using Group = ParamGroup<Options>;

  /// Adds parameters with options of their own; those left at their defaults are the optimiser's.
  void add_param_group(Group group) {
    detail::check_parameters(Self::op_name, group.params);
    detail::inherit(group.options, defaults_);
    Self::check(group.options);
    groups_.push_back(std::move(group));
  }
  /// The groups; their options may be changed between steps: `sgd.param_groups()[0].options.lr =
  /// 0.1`.
  std::vector<Group>& param_groups() { return groups_; }
  const std::vector<Group>& param_groups() const { return groups_; }
  /// What the optimiser was made with.
  const Options& defaults() const { return defaults_; }

  tensor_list parameters() const override {
    tensor_list all;
    for (const Group& g : groups_) all.insert(all.end(), g.params.begin(), g.params.end());
    return all;
  }
  size_t groups() const override { return groups_.size(); }
  double get_lr(size_t group = 0) const override {
    detail::check_group(Self::op_name, group, groups_.size());
    return groups_[group].options.lr;
  }
  void set_lr(double lr) override {
    for (Group& g : groups_) g.options.lr = lr;
  }

 protected:
  GroupOptimizer(std::vector<Group> groups, Options defaults) : defaults_(std::move(defaults)) {
    Self::check(defaults_);
    for (Group& g : groups) add_param_group(std::move(g));
  }

  std::vector<Group> groups_;
  Options defaults_;
};

}  // namespace taper::optim
