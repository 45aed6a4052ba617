#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <variant>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/tensor.h"

namespace taper {

class BackwardContext;
struct OpType;

namespace autograd {

using taper::tensor_list;

/// A small value in `AutogradContext::saved_data`. Tensors kept here are not checked for later
/// writes.
class SavedData {
 public:
  using Value = std::variant<std::monostate, bool, int64_t, double, std::string,
                             std::vector<int64_t>, std::vector<double>, Tensor, tensor_list>;

  SavedData() = default;
  SavedData(bool v) : value_(v) {}
  template <std::integral T>
  SavedData(T v) : value_(int64_t(v)) {}
  template <std::floating_point T>
  SavedData(T v) : value_(double(v)) {}
  SavedData(const char* v) : value_(std::string(v)) {}
  SavedData(std::string v) : value_(std::move(v)) {}
  SavedData(IntList v) : value_(v.vec()) {}
  SavedData(const Shape& v) : value_(IntList(v).vec()) {}
  SavedData(std::vector<int64_t> v) : value_(std::move(v)) {}
  SavedData(std::vector<double> v) : value_(std::move(v)) {}
  SavedData(Tensor v) : value_(std::move(v)) {}
  SavedData(tensor_list v) : value_(std::move(v)) {}

  // Each throws if the value is of another kind.
  bool toBool() const;
  int64_t toInt() const;
  double toDouble() const;
  const std::string& toStringRef() const;
  const std::vector<int64_t>& toIntVector() const;
  const std::vector<double>& toDoubleVector() const;
  const Tensor& toTensor() const;
  const tensor_list& toTensorVector() const;

  bool isNone() const { return value_.index() == 0; }
  const Value& value() const { return value_; }

 private:
  template <class T>
  const T& get() const;

  Value value_;
};

namespace detail {
struct FunctionCall;
}

/// What a custom function's forward leaves for its backward.
class AutogradContext {
 public:
  /// Keeps tensors for backward: inputs, outputs or others; may hold undefined ones.
  void save_for_backward(tensor_list tensors) { to_save_ = std::move(tensors); }
  /// In backward: what was saved, with its history; throws if one was overwritten since, or freed.
  tensor_list get_saved_variables() const;
  /// Anything else that backward needs, by name.
  std::map<std::string, SavedData> saved_data;

  /// Says that forward wrote into these inputs, which it also returns.
  void mark_dirty(tensor_list inputs) { dirty_ = std::move(inputs); }
  /// Says that these outputs have no gradient.
  void mark_non_differentiable(tensor_list outputs) { non_differentiable_ = std::move(outputs); }
  /// false: the gradient of an output that nothing came in for arrives undefined, not as zeros.
  void set_materialize_grads(bool on) { materialize_ = on; }
  /// Whether the i-th tensor argument of forward wants a gradient.
  bool needs_input_grad(size_t i) const;

 private:
  friend struct detail::FunctionCall;
  struct Saved {
    int index;
    bool is_output;
  };

  tensor_list to_save_, dirty_, non_differentiable_;
  bool materialize_ = true;
  std::vector<bool> is_tensor_;  ///< of each argument
  std::vector<bool> wants_;      ///< of each tensor argument
  std::vector<Saved> saved_;     ///< where the node keeps them
  const Node* node_ = nullptr;   ///< owns this
  const BackwardContext* running_ = nullptr;
  std::recursive_mutex mutex_;  ///< held while backward runs
};

namespace detail {

/// A custom function that ran, on its way to be recorded.
struct FunctionCall {
  using Backward = tensor_list (*)(AutogradContext*, tensor_list);

  std::shared_ptr<AutogradContext> context = std::make_shared<AutogradContext>();
  tensor_list inputs;  ///< the tensor arguments

  template <class T>
  void add(const T& argument) {
    constexpr bool is_tensor = std::is_base_of_v<Tensor, T>;
    constexpr bool is_optional = std::is_same_v<T, std::optional<Tensor>>;
    context->is_tensor_.push_back(is_tensor || is_optional);
    if constexpr (is_tensor) add_input(argument);
    if constexpr (is_optional) add_input(argument.value_or(Tensor()));
  }
  /// Joins the outputs to the graph, if an input wants a gradient.
  void record(const OpType& type, Backward backward, tensor_list& outputs) const;
  /// The gradients of the inputs, by the user's backward.
  static tensor_list run_backward(AutogradContext& context, Backward backward,
                                  const BackwardContext& c);

 private:
  void add_input(const Tensor& x);
  /// Checks what forward wrote to, and counts the writes.
  void note_writes(const OpType& type, const tensor_list& outputs, bool recorded) const;
  void attach(const Ref<Node>& node, tensor_list& outputs) const;
  void save(Node& node, const tensor_list& returned, const tensor_list& outputs) const;
};

/// The graph's table of a custom function: its name is its type's, without namespaces.
const OpType& function_type(const std::type_info& type);

}  // namespace detail

// clang-format off
/// A differentiable function with a gradient of its own:
///
///   struct Swish : autograd::Function<Swish> {
///     static Tensor forward(AutogradContext* ctx, const Tensor& x) {
///       ctx->save_for_backward({x});
///       return x * x.sigmoid();
///     }
///     static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
///       Tensor x = ctx->get_saved_variables()[0], s = x.sigmoid();
///       return {dy[0] * (s + x * s * (1 - s))};  // one gradient for each argument of forward
///     }
///   };
///   Tensor y = Swish::apply(x);
///
/// forward takes tensors and anything else, and returns a Tensor or a tensor_list; it is not
/// recorded. backward returns an undefined Tensor for what is no tensor; it is recorded only under
/// create_graph.
// clang-format on
template <class Self>
class Function {
 public:
  template <class... Args>
  static auto apply(Args&&... args) {
    static const OpType& type = detail::function_type(typeid(Self));
    detail::FunctionCall call;
    (call.add<std::decay_t<Args>>(args), ...);
    auto result = forward_unrecorded(call.context.get(), std::forward<Args>(args)...);
    if constexpr (std::is_base_of_v<Tensor, decltype(result)>) {
      tensor_list outputs{std::move(result)};
      call.record(type, &Self::backward, outputs);
      return std::move(outputs[0]);
    } else {
      tensor_list outputs(std::move(result));
      call.record(type, &Self::backward, outputs);
      return outputs;
    }
  }

 private:
  template <class... Args>
  static auto forward_unrecorded(AutogradContext* context, Args&&... args) {
    NoGradGuard no_grad;
    return Self::forward(context, std::forward<Args>(args)...);
  }
};

}  // namespace autograd

using autograd::AutogradContext;
using autograd::Function;

}  // namespace taper
