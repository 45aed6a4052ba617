#include "autograd/graph/function.h"

#include <cxxabi.h>

#include <algorithm>
#include <typeindex>
#include <unordered_map>

#include "autograd/graph/node.h"
#include "autograd/graph/view.h"
#include "autograd/ops/op.h"

namespace taper::autograd {

template <class T>
const T& SavedData::get() const {
  static constexpr const char* names[] = {"nothing", "a bool",  "an int",   "a double", "a string",
                                          "ints",    "doubles", "a tensor", "tensors"};
  if (const T* v = std::get_if<T>(&value_)) return *v;
  fail("saved_data", "the value is {}; expected {}", names[value_.index()],
       names[SavedData(T()).value_.index()]);
}

bool SavedData::toBool() const { return get<bool>(); }
int64_t SavedData::toInt() const { return get<int64_t>(); }
double SavedData::toDouble() const { return get<double>(); }
const std::string& SavedData::toStringRef() const { return get<std::string>(); }
const std::vector<int64_t>& SavedData::toIntVector() const { return get<std::vector<int64_t>>(); }
const std::vector<double>& SavedData::toDoubleVector() const { return get<std::vector<double>>(); }
const Tensor& SavedData::toTensor() const { return get<Tensor>(); }
const tensor_list& SavedData::toTensorVector() const { return get<tensor_list>(); }

tensor_list AutogradContext::get_saved_variables() const {
  if (!node_) fail("get_saved_variables", "nothing is saved yet; expected a call from backward");
  tensor_list out;
  for (const Saved& s : saved_)
    out.push_back(s.is_output ? node_->saved_output(s.index) : node_->saved_input(s.index));
  return out;
}

bool AutogradContext::needs_input_grad(size_t i) const {
  if (i >= wants_.size())
    fail_index("needs_input_grad", "there is no input {}; expected one of the function's {}", i,
               wants_.size());
  return running_ ? running_->wanted(int(i)) : wants_[i];
}

namespace detail {

namespace {

/// The attributes of a custom function's node.
struct FunctionOp {
  std::shared_ptr<AutogradContext> context;
  FunctionCall::Backward backward;
};

/// "Swish" of "(anonymous namespace)::Swish": what follows the last "::" outside of template
/// arguments.
std::string short_name(const std::type_info& type) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string name = demangled ? demangled : type.name();
  std::free(demangled);
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i + 1 < name.size(); ++i) {
    if (name[i] == '<' || name[i] == '(') ++depth;
    if (name[i] == '>' || name[i] == ')') --depth;
    if (depth == 0 && name[i] == ':' && name[i + 1] == ':') begin = i + 2;
  }
  return name.substr(begin);
}

std::vector<Attribute> attributes_of_call(const void* op) {
  std::vector<Attribute> out;
  for (const auto& [name, data] : static_cast<const FunctionOp*>(op)->context->saved_data)
    std::visit(
        [&, key = name](const auto& v) {
          if constexpr (std::is_constructible_v<Attribute::Value, decltype(v)>)
            out.push_back({key, Attribute::Value(v)});
        },
        data.value());
  return out;
}

struct FunctionType {
  explicit FunctionType(std::string type_name) : name(std::move(type_name)) {
    info.name = name.c_str();
    info.doc = "A custom function";
    type = OpType{.info = &info,
                  .size = sizeof(FunctionOp),
                  .copy =
                      [](void* to, const void* from) {
                        new (to) FunctionOp(*static_cast<const FunctionOp*>(from));
                      },
                  .destroy = [](void* op) noexcept { static_cast<FunctionOp*>(op)->~FunctionOp(); },
                  .infer = nullptr,
                  .forward = nullptr,
                  .attributes = &attributes_of_call,
                  .backward =
                      [](const void* op, BackwardContext& c) {
                        auto& [context, backward] = *static_cast<const FunctionOp*>(op);
                        return FunctionCall::run_backward(*context, backward, c);
                      }};
  }
  std::string name;
  OpInfo info{};
  OpType type{};
};

bool contains(const tensor_list& list, const Tensor& t) {
  return std::any_of(list.begin(), list.end(), [&](const Tensor& x) { return x.is_same(t); });
}

int index_in(const tensor_list& list, const Tensor& t) {
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].defined() && list[i].is_same(t)) return int(i);
  return -1;
}

/// An output of node that the node keeps would keep the node: it is replaced by an alias.
void cut_cycles(std::map<std::string, SavedData>& saved, const Node* node) {
  auto cut = [node](const Tensor& t) {
    return t.defined() && t.impl()->grad_fn.get() == node ? alias(t) : t;
  };
  for (auto& [name, data] : saved) {
    if (auto* t = std::get_if<Tensor>(&data.value())) data = cut(*t);
    if (auto* list = std::get_if<tensor_list>(&data.value())) {
      tensor_list kept;
      for (const Tensor& t : *list) kept.push_back(cut(t));
      data = std::move(kept);
    }
  }
}

/// What a context runs in, for as long as it lives.
class Running {
 public:
  Running(const BackwardContext*& at, const BackwardContext* now)
      : at_(at), before_(std::exchange(at, now)) {}
  ~Running() { at_ = before_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  const BackwardContext*& at_;
  const BackwardContext* before_;
};

Tensor same_view(const Tensor& t) {
  const TensorImpl& x = *t.impl();
  return view_of(t, x.sizes, x.strides, x.offset);
}

}  // namespace

const OpType& function_type(const std::type_info& type) {
  static std::mutex mutex;
  static auto& types = *new std::unordered_map<std::type_index, std::unique_ptr<FunctionType>>;
  std::lock_guard lock(mutex);
  auto& entry = types[type];
  if (!entry) entry = std::make_unique<FunctionType>(short_name(type));
  return entry->type;
}

void FunctionCall::add_input(const Tensor& x) {
  inputs.push_back(x);
  context->wants_.push_back(thread_state.recording() && x.defined() && x.requires_grad());
}

void FunctionCall::note_writes(const OpType& type, const tensor_list& outputs,
                               bool recorded) const {
  std::string_view name = type.info->name;
  for (const Tensor& x : context->dirty_) {
    if (!contains(inputs, x) || !contains(outputs, x))
      fail(name,
           "mark_dirty got a tensor of shape {} that is not both an input and an output; expected "
           "forward to return the inputs that it changed",
           x.sizes());
    check_writable(type, *x.impl(), recorded);
    note_write(*x.impl(), *type.info);  // also where forward wrote through a pointer
  }
}

void FunctionCall::record(const OpType& type, Backward backward, tensor_list& outputs) const {
  AutogradContext& c = *context;
  bool differentiable = std::any_of(outputs.begin(), outputs.end(), [&](const Tensor& y) {
    return y.defined() && y.is_floating_point() && !contains(c.non_differentiable_, y);
  });
  bool recorded =
      differentiable && std::find(c.wants_.begin(), c.wants_.end(), true) != c.wants_.end();
  note_writes(type, outputs, recorded);
  if (recorded) {
    FunctionOp op{context, backward};
    Ref<Node> node = Node::create(type, &op, inputs.size(), outputs.size(), c.to_save_.size());
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined()) node->edge(i) = gradient_edge(*inputs[i].impl());
    tensor_list returned = outputs;
    attach(node, outputs);
    save(*node, returned, outputs);
    c.node_ = node.get();
    cut_cycles(c.saved_data, node.get());
  }
  c.to_save_.clear();
  c.dirty_.clear();
  c.non_differentiable_.clear();
}

/// Makes the outputs those of the node. What forward passed through unchanged becomes a view of
/// itself, so that the input keeps its own history.
void FunctionCall::attach(const Ref<Node>& node, tensor_list& outputs) const {
  for (size_t k = 0; k < outputs.size(); ++k) {
    Tensor& y = outputs[k];
    if (!y.defined()) continue;
    bool dirty = contains(context->dirty_, y);
    bool history = contains(inputs, y) || y.requires_grad();
    node->output(k) = {y.sizes(), y.dtype()};
    if (!y.is_floating_point() || contains(context->non_differentiable_, y)) {
      if (history && !dirty) y = y.detach();
      continue;
    }
    if (history && !dirty) y = same_view(y);
    join_history(*y.impl(), node, uint32_t(k), dirty);
    if (!dirty && y.is_view()) y.impl()->origin = ViewOrigin::function;
  }
}

void FunctionCall::save(Node& node, const tensor_list& returned, const tensor_list& outputs) const {
  AutogradContext& c = *context;
  for (size_t n = 0; n < c.to_save_.size(); ++n) {
    const Tensor& t = c.to_save_[n];
    int input = index_in(inputs, t), output = index_in(returned, t);
    if (input >= 0 && !contains(c.dirty_, t)) {
      c.saved_.push_back({input, false});
      node.save(t, input, false);
    } else if (output >= 0 && outputs[size_t(output)].impl()->grad_fn.get() == &node) {
      c.saved_.push_back({output, true});
      node.save(outputs[size_t(output)], output, true);
    } else {
      c.saved_.push_back({-1 - int(n), false});  // of no edge
      node.save(t, -1 - int(n), false);
    }
  }
}

tensor_list FunctionCall::run_backward(AutogradContext& context, Backward backward,
                                       const BackwardContext& c) {
  std::lock_guard lock(context.mutex_);
  tensor_list dy;
  for (size_t k = 0; k < c.node().outputs(); ++k)
    dy.push_back(context.materialize_ ? c.dy(int(k)) : c.dy_or_undefined(int(k)));
  Running running(context.running_, &c);
  tensor_list dx = backward(&context, std::move(dy));
  std::string_view name = c.node().name();
  size_t expected = context.is_tensor_.size();
  while (dx.size() > expected && !dx.back().defined()) dx.pop_back();
  if (dx.size() != expected)
    fail(name, "backward returned {} gradients; expected {}, one for each argument of forward",
         dx.size(), expected);
  tensor_list out;
  for (size_t i = 0; i < expected; ++i)
    if (context.is_tensor_[i])
      out.push_back(std::move(dx[i]));
    else if (dx[i].defined())
      fail(name,
           "backward returned a gradient for argument {}, which is no tensor; expected an "
           "undefined Tensor",
           i);
  return out;
}

}  // namespace detail

}  // namespace taper::autograd
