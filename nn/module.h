#pragma once

#include <concepts>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "autograd/tensor/module_path.h"
#include "autograd/tensor/tensor.h"
#include "nn/ordered_dict.h"

namespace taper::nn {

struct ModuleState;
class CloneScope;

/// A handle to parameters, buffers and the modules inside: copies share them. The base of all
/// layers, and what functions take that need no more than these.
class Module {
 public:
  Module(const Module& other);
  Module& operator=(const Module&) =
      delete;  // would leave the old one registered: see replace_module
  virtual ~Module();

  /// The class's name, without its namespaces.
  std::string name() const;

  /// Parameters that want a gradient by backward: its own, then those of the modules inside, in the
  /// order of their registration. One that is shared is listed once.
  tensor_list parameters(bool recurse = true) const;
  /// With names like `encoder.conv.weight`.
  OrderedDict<Tensor> named_parameters(bool recurse = true) const;
  /// Tensors that are no parameters but belong to the module, such as running means.
  tensor_list buffers(bool recurse = true) const;
  OrderedDict<Tensor> named_buffers(bool recurse = true) const;

  /// The modules registered in this one.
  std::vector<std::shared_ptr<Module>> children() const;
  OrderedDict<std::shared_ptr<Module>> named_children() const;
  /// This module and all inside, each before those inside it.
  std::vector<std::shared_ptr<Module>> modules(bool include_self = true) const;
  /// This module's own name is "".
  OrderedDict<std::shared_ptr<Module>> named_modules(bool include_self = true) const;

  /// Training or evaluation, in all modules inside too.
  void train(bool on = true) const;
  void eval() const { train(false); }
  bool is_training() const;

  /// Makes the parameters' gradients undefined, or zero.
  void zero_grad(bool set_to_none = true) const;
  /// Changes the type of the parameters and floating buffers; the handles stay valid.
  void to(Dtype dtype) const;
  /// Calls f(module), or f(name, module), on this module and all inside.
  template <class F>
  void apply(F&& f) {
    if constexpr (std::is_invocable_v<F, const std::string&, Module&>)
      visit("", f);
    else
      visit("", [&](const std::string&, Module& m) { f(m); });
  }
  /// This module as a layer of that class, or null if it is none.
  template <class L>
  L* as() {
    return dynamic_cast<L*>(this);
  }
  template <class L>
  const L* as() const {
    return dynamic_cast<const L*>(this);
  }

  /// Adds a layer and returns it: `nn::Linear out = register_module("out", nn::Linear({...}));`
  /// Throws where the name is empty, has a dot or is taken.
  template <std::derived_from<Module> L>
  L register_module(const std::string& name, L layer) {
    add_child("register_module", name, layer.copy_handle());
    return layer;
  }
  /// Adds a parameter and returns it.
  Tensor register_parameter(const std::string& name, Tensor value, bool requires_grad = true);
  Tensor register_buffer(const std::string& name, Tensor value);
  /// Puts a layer in the place of the one registered by that name and returns it.
  template <std::derived_from<Module> L>
  L replace_module(const std::string& name, L layer) {
    replace_child(name, layer.copy_handle());
    return layer;
  }
  /// As above, and lets `member` be the new layer: `net.replace_module("out", net.out,
  /// nn::Linear({...}));`
  template <std::derived_from<Module> L>
  void replace_module(const std::string& name, L& member, std::type_identity_t<L> layer) {
    replace_child(name, layer.copy_handle());
    std::destroy_at(&member);
    std::construct_at(&member, std::move(layer));
  }
  void unregister_module(const std::string& name);

  /// The layer's options as it prints them, between its brackets.
  virtual std::string arguments() const { return ""; }
  /// Another handle to the same module, with its class.
  virtual std::shared_ptr<Module> copy_handle() const;
  /// Where in the tree of modules it is.
  const ModulePath* path() const;

 protected:
  explicit Module(const std::type_info& type);
  explicit Module(std::shared_ptr<ModuleState> state);
  ModuleState& state() const { return *state_; }
  /// Where forward runs: at the module's path, or for one that is in no other where it is called.
  const ModulePath* scope() const;

  void add_child(std::string_view op, const std::string& name, std::shared_ptr<Module> child);

 private:
  friend class CloneScope;
  using Visit = std::function<void(const std::string& name, Module& module)>;

  static void adopt(const std::shared_ptr<ModuleState>& parent, const std::string& name,
                    const Module& child);
  void visit(const std::string& prefix, const Visit& f);
  void check_name(std::string_view op, const std::string& name) const;
  void replace_child(const std::string& name, std::shared_ptr<Module> child);

  std::shared_ptr<ModuleState> state_;
};

/// "Conv2d(1, 4, kernel_size=3, padding=1)"; with modules inside a tree with the numbers of
/// parameters.
std::string to_string(const Module& module);
std::ostream& operator<<(std::ostream& out, const Module& module);

namespace detail {

/// Makes copies of layers on this thread deep ones while it lives.
class Cloning {
 public:
  Cloning();
  ~Cloning();
  void finish();

 private:
  std::unique_ptr<CloneScope> scope_;
};
/// `bytes` gives the whole object of the layer, once it is made.
void layer_made(void* layer, std::span<std::byte> (*bytes)(void* layer));
void layer_gone(void* layer);

}  // namespace detail

/// Base of every layer: `struct Net : nn::Layer<Net> { Tensor forward(const Tensor& x); };`, called
/// as net(x).
template <class Self>
class Layer : public Module {
 public:
  Layer(const Layer& other) : Module(other) { detail::layer_made(this, &bytes); }
  ~Layer() override { detail::layer_gone(this); }

  /// Calls forward, at the module's place in the tree of modules.
  template <class... Args>
  requires requires(Self& s, Args&&... a) { s.forward(std::forward<Args>(a)...); }
  decltype(auto) operator()(Args&&... args) const {
    ModuleScope inside(scope());
    return self().forward(std::forward<Args>(args)...);
  }

  /// A copy with parameters and buffers of its own; what is shared inside is shared inside the
  /// copy. No other thread may use the layer meanwhile.
  Self clone() const {
    detail::Cloning cloning;
    Self copy(self());
    cloning.finish();
    return copy;
  }

  std::shared_ptr<Module> copy_handle() const override { return std::make_shared<Self>(self()); }

 protected:
  Layer() : Module(typeid(Self)) {}
  explicit Layer(std::shared_ptr<ModuleState> state) : Module(std::move(state)) {}

 private:
  static std::span<std::byte> bytes(void* layer) {
    Self* whole = static_cast<Self*>(static_cast<Layer*>(layer));
    return {reinterpret_cast<std::byte*>(whole), sizeof(Self)};
  }
  Self& self() const { return const_cast<Self&>(static_cast<const Self&>(*this)); }
};

}  // namespace taper::nn

template <class T>
requires std::derived_from<T, taper::nn::Module>
struct fmt::formatter<T> : taper::TextFormatter {
  fmt::appender format(const taper::nn::Module& module, fmt::format_context& context) const {
    return write(taper::nn::to_string(module), context);
  }
};
