#include "nn/module.h"

#include <algorithm>

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/error.h"
#include "nn/clear_gradients.h"
#include "nn/clone_scope.h"
#include "nn/module_state.h"

namespace taper::nn {

detail::Shared::~Shared() = default;

Module::Module(const std::type_info& type, std::unique_ptr<detail::Shared> shared)
    : state_(std::make_shared<ModuleState>()) {
  state_->type = &type;
  state_->shared = std::move(shared);
}

Module::Module(std::shared_ptr<ModuleState> state) : state_(std::move(state)) {}

Module::Module(const Module& other)
    : state_(CloneScope::current() ? CloneScope::current()->copy_of(other.state_) : other.state_) {}

Module::~Module() = default;

std::shared_ptr<Module> Module::copy_handle() const {
  return std::shared_ptr<Module>(new_handle());
}

detail::Shared& Module::shared() const { return *state_->shared; }

// Registration

void Module::check_name(std::string_view op, const std::string& name) const {
  if (name.empty()) fail(op, "the name is empty; expected one without dots");
  if (name.find('.') != std::string::npos)
    fail(op, "the name \"{}\" has a dot; expected one without", name);
  auto taken = [&](const auto& list) {
    return std::any_of(list.begin(), list.end(), [&](auto& item) { return item.name == name; });
  };
  if (taken(state_->children) || taken(state_->parameters) || taken(state_->buffers))
    fail(op, "\"{}\" is registered in {} already; expected another name", name, this->name());
}

static bool holds(const ModuleState& outer, const ModuleState& inner,
                  ModuleState& (*state_of)(const Module&)) {
  if (&outer == &inner) return true;
  return std::any_of(outer.children.begin(), outer.children.end(), [&](const auto& child) {
    return holds(state_of(*child.module), inner, state_of);
  });
}

void Module::check_child(std::string_view op, const std::string& name, const Module& child,
                         detail::Run run) const {
  if (holds(*child.state_, *state_, [](const Module& m) -> ModuleState& { return *m.state_; }))
    fail(op, "\"{}\" holds {} itself; expected a module that does not contain it", name,
         this->name());
  if (state_->runs_children && !run)
    fail(op, "{} cannot tell how \"{}\" runs; expected the call on a Sequential, not on a Module",
         this->name(), name);
}

void Module::add_child(std::string_view op, const std::string& name, std::shared_ptr<Module> child,
                       detail::Run run) {
  check_name(op, name);
  check_child(op, name, *child, run);
  enter_place(state_, name, *child->state_);
  state_->children.push_back({name, std::move(child), run});
}

Tensor Module::register_parameter(const std::string& name, Tensor value, bool requires_grad) {
  check_name("register_parameter", name);
  if (value.defined() && !value.is_leaf())
    fail("register_parameter", "\"{}\" is an output of {}; expected a leaf, or detach()", name,
         value.grad_fn()->name());
  if (value.defined()) value.requires_grad_(requires_grad);
  state_->parameters.push_back({name, value});
  return value;
}

Tensor Module::register_buffer(const std::string& name, Tensor value) {
  check_name("register_buffer", name);
  state_->buffers.push_back({name, value});
  return value;
}

static auto find_child(std::string_view op, ModuleState& state, const std::string& name,
                       const std::string& of) {
  auto& all = state.children;
  auto found = std::find_if(all.begin(), all.end(), [&](auto& c) { return c.name == name; });
  if (found != all.end()) return found;
  std::string names;
  for (const auto& child : all) names += (names.empty() ? "" : ", ") + child.name;
  fail(op, "{} has no module \"{}\"; it has {}", of, name, names.empty() ? "none" : names);
}

void Module::replace_child(const std::string& name, std::shared_ptr<Module> child,
                           detail::Run run) {
  auto found = find_child("replace_module", *state_, name, this->name());
  check_child("replace_module", name, *child, run);
  leave_place(*state_, name, *found->module->state_);
  enter_place(state_, name, *child->state_);
  std::swap(found->module, child);  // the old one goes when all is in order again
  found->run = run;
}

void Module::unregister_module(const std::string& name) {
  auto found = find_child("unregister_module", *state_, name, this->name());
  std::shared_ptr<Module> old = found->module;
  state_->children.erase(found);
  leave_place(*state_, name, *old->state_);
}

// Walks

void Module::visit(const std::string& prefix, const Visit& f) {
  f(prefix, *this);
  for (auto& [name, child, run] : std::vector(state_->children))
    child->visit(prefix.empty() ? name : prefix + "." + name, f);
}

namespace {

/// Adds the defined tensors to out that are not there yet.
void add_tensors(OrderedDict<Tensor>& out, const std::string& prefix,
                 const std::vector<ModuleState::NamedTensor>& tensors) {
  for (const auto& [name, t] : tensors) {
    auto same = [&t = t](const auto& item) { return item.second.is_same(t); };
    if (t.defined() && std::none_of(out.begin(), out.end(), same))
      out.insert(prefix.empty() ? name : prefix + "." + name, t);
  }
}

}  // namespace

OrderedDict<Tensor> Module::named_parameters(bool recurse) const {
  OrderedDict<Tensor> out;
  if (!recurse) return add_tensors(out, "", state_->parameters), out;
  const_cast<Module*>(this)->visit("", [&](const std::string& name, Module& m) {
    add_tensors(out, name, m.state_->parameters);
  });
  return out;
}

OrderedDict<Tensor> Module::named_buffers(bool recurse) const {
  OrderedDict<Tensor> out;
  if (!recurse) return add_tensors(out, "", state_->buffers), out;
  const_cast<Module*>(this)->visit(
      "", [&](const std::string& name, Module& m) { add_tensors(out, name, m.state_->buffers); });
  return out;
}

tensor_list Module::parameters(bool recurse) const { return named_parameters(recurse).values(); }
tensor_list Module::buffers(bool recurse) const { return named_buffers(recurse).values(); }

OrderedDict<std::shared_ptr<Module>> Module::named_children() const {
  OrderedDict<std::shared_ptr<Module>> out;
  for (const auto& child : state_->children) out.insert(child.name, child.module);
  return out;
}

std::vector<std::shared_ptr<Module>> Module::children() const { return named_children().values(); }

OrderedDict<std::shared_ptr<Module>> Module::named_modules(bool include_self) const {
  OrderedDict<std::shared_ptr<Module>> out;
  const_cast<Module*>(this)->visit("", [&](const std::string& name, Module& m) {
    if (&m != this || include_self) out.insert(name, m.copy_handle());
  });
  return out;
}

std::vector<std::shared_ptr<Module>> Module::modules(bool include_self) const {
  return named_modules(include_self).values();
}

// State

bool Module::is_training() const { return state_->training; }

void Module::train(bool on) const {
  state_->training = on;
  for (const auto& child : state_->children) child.module->train(on);
}

void Module::zero_grad(bool set_to_none) const { clear_gradients(parameters(), set_to_none); }

void Module::to(Dtype dtype) const {
  if (!is_floating_point(dtype)) fail("to", "the type is {}; expected a floating type", dtype);
  NoGradGuard no_grad;
  for (const Tensor& p : parameters()) {
    p.set_data(p.to(dtype));
    if (p.grad().defined()) p.mutable_grad() = p.grad().to(dtype);
  }
  for (const Tensor& b : buffers())
    if (b.is_floating_point()) b.set_data(b.to(dtype));
}

namespace detail {

Cloning::Cloning() : scope_(std::make_unique<CloneScope>()) {}
Cloning::~Cloning() = default;
void Cloning::finish() { scope_->finish(); }

void before_copy(const void* from, size_t size) {
  if (CloneScope* scope = CloneScope::current()) scope->lend(from, size);
}

}  // namespace detail
}  // namespace taper::nn
