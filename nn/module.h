#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
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
class Module;

namespace detail {

/// What a layer's handles share besides parameters, such as its options.
struct Shared {
  virtual ~Shared();
  virtual std::unique_ptr<Shared> copy() const = 0;
};

/// How a Sequential runs a module of a class that it knew.
using Run = Tensor (*)(const Module& module, Tensor x);

/// A class that derives from a layer keeps that layer's forward and copies: it must be a Layer of
/// itself.
template <class L>
constexpr bool is_its_own_layer() {
  if constexpr (requires { typename L::LayerOf; })
    return std::same_as<typename L::LayerOf, L>;
  else
    return std::same_as<L, Module>;
}

}  // namespace detail

#define TAPER_CHECK_LAYER(L)                   \
  static_assert(detail::is_its_own_layer<L>(), \
                "a layer derives from Layer<itself>, and from no other layer")

/// A handle to parameters, buffers and the modules inside: copies share them. The base of all
/// layers, and what functions take that need no more than these. docs/modules.md tells what copies
/// share.
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
  /// Changes the type of the parameters, their gradients and floating buffers; the handles stay
  /// valid.
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
    TAPER_CHECK_LAYER(L);
    add_child("register_module", name, layer.copy_handle());
    return layer;
  }
  /// Adds a parameter and returns it.
  Tensor register_parameter(const std::string& name, Tensor value, bool requires_grad = true);
  /// Adds a tensor that is no parameter but belongs to the module, and returns it.
  Tensor register_buffer(const std::string& name, Tensor value);
  /// Puts a layer in the place of the one registered by that name and returns it.
  template <std::derived_from<Module> L>
  L replace_module(const std::string& name, L layer) {
    TAPER_CHECK_LAYER(L);
    replace_child(name, layer.copy_handle());
    return layer;
  }
  /// As above, and lets `member` be the new layer: `net.replace_module("out", net.out,
  /// nn::Linear({...}));`
  template <std::derived_from<Module> L>
  void replace_module(const std::string& name, L& member, std::type_identity_t<L> layer) {
    TAPER_CHECK_LAYER(L);
    replace_child(name, layer.copy_handle());
    std::destroy_at(&member);
    std::construct_at(&member, std::move(layer));
  }
  /// Takes the layer registered by that name out.
  void unregister_module(const std::string& name);

  /// The layer's options as it prints them, between its brackets.
  virtual std::string arguments() const { return ""; }
  /// Another handle to the same module, with its class.
  std::shared_ptr<Module> copy_handle() const;
  /// Where in the tree of modules it is.
  const ModulePath* path() const;

 protected:
  explicit Module(const std::type_info& type, std::unique_ptr<detail::Shared> shared = nullptr);
  explicit Module(std::shared_ptr<ModuleState> state);
  ModuleState& state() const { return *state_; }
  /// What was given to the constructor, or the clone's copy of it.
  detail::Shared& shared() const;
  virtual Module* new_handle() const { return new Module(*this); }
  /// Where forward runs: at the module's path, or for one that is in no other where it is called.
  const ModulePath* scope() const;

  void add_child(std::string_view op, const std::string& name, std::shared_ptr<Module> child,
                 detail::Run run = nullptr);
  void replace_child(const std::string& name, std::shared_ptr<Module> child,
                     detail::Run run = nullptr);

 private:
  friend class CloneScope;
  using Visit = std::function<void(const std::string& name, Module& module)>;

  void visit(const std::string& prefix, const Visit& f);
  void check_name(std::string_view op, const std::string& name) const;
  void check_child(std::string_view op, const std::string& name, const Module& child,
                   detail::Run run) const;

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
/// A layer, the object of `size` bytes at `from`, is about to be copied member by member.
void before_copy(const void* from, size_t size);

}  // namespace detail

/// Base of every layer: `struct Net : nn::Layer<Net> { Tensor forward(const Tensor& x); };`, called
/// as net(x).
template <class Self>
class Layer : public Module {
 public:
  using LayerOf = Self;

  Layer(const Layer& other) : Module(other) {
    const Self* whole = static_cast<const Self*>(&other);
    detail::before_copy(whole, sizeof(Self));
  }

  /// Calls forward, at the module's place in the tree of modules.
  template <class... Args, class S = Self>
  requires requires(S& s, Args&&... a) { s.forward(std::forward<Args>(a)...); }
  decltype(auto) operator()(Args&&... args) const {
    ModuleScope inside(scope());
    return self().forward(std::forward<Args>(args)...);
  }

  /// A copy with parameters, buffers and options of its own; what is shared inside is shared inside
  /// the copy. No other thread may use the layer meanwhile.
  Self clone() const {
    detail::Cloning cloning;
    Self copy(self());
    cloning.finish();
    return copy;
  }

 protected:
  Layer() : Module(typeid(Self)) {}
  explicit Layer(std::unique_ptr<detail::Shared> shared)
      : Module(typeid(Self), std::move(shared)) {}
  Module* new_handle() const override { return new Self(self()); }

 private:
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
