#include "nn/module.h"

#include <algorithm>

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/error.h"
#include "nn/clone_scope.h"
#include "nn/module_state.h"

namespace taper::nn {

/// Raised with every change of a tree of modules, so that paths are made again.
static std::atomic<uint64_t> registrations{1};

Module::Module(const std::type_info& type) : state_(std::make_shared<ModuleState>()) {
  state_->type = &type;
}

Module::Module(std::shared_ptr<ModuleState> state) : state_(std::move(state)) {}

Module::Module(const Module& other)
    : state_(CloneScope::current() ? CloneScope::current()->copy_of(other.state_) : other.state_) {}

Module::~Module() = default;

std::shared_ptr<Module> Module::copy_handle() const { return std::make_shared<Module>(*this); }

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

void Module::adopt(const std::shared_ptr<ModuleState>& parent, const std::string& name,
                   const Module& child) {
  if (!child.state_->parent.expired()) return;
  child.state_->parent = parent;
  child.state_->name = name;
}

void Module::add_child(std::string_view op, const std::string& name,
                       std::shared_ptr<Module> child) {
  check_name(op, name);
  for (const auto& inside : child->modules())
    if (inside->state_ == state_) fail(op, "\"{}\" holds {} itself", name, this->name());
  adopt(state_, name, *child);
  state_->children.push_back({name, std::move(child)});
  ++registrations;
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
  if (found == all.end()) fail(op, "{} has no module \"{}\"", of, name);
  return found;
}

void Module::replace_child(const std::string& name, std::shared_ptr<Module> child) {
  auto found = find_child("replace_module", *state_, name, this->name());
  found->module->state_->parent.reset();
  adopt(state_, name, *child);
  found->module = std::move(child);
  ++registrations;
}

void Module::unregister_module(const std::string& name) {
  auto found = find_child("unregister_module", *state_, name, this->name());
  found->module->state_->parent.reset();
  state_->children.erase(found);
  ++registrations;
}

// Walks

void Module::visit(const std::string& prefix, const Visit& f) {
  f(prefix, *this);
  for (auto& [name, child] : std::vector(state_->children))
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
  for (const auto& [name, child] : state_->children) out.insert(name, child);
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

void Module::zero_grad(bool set_to_none) const {
  NoGradGuard no_grad;
  for (const Tensor& p : parameters()) {
    if (!p.grad().defined()) continue;
    if (set_to_none)
      p.mutable_grad() = Tensor();
    else
      p.mutable_grad().detach_().zero_();
  }
}

void Module::to(Dtype dtype) const {
  if (!is_floating_point(dtype)) fail("to", "{} is {}; expected a floating type", name(), dtype);
  NoGradGuard no_grad;
  for (const Tensor& p : parameters()) {
    p.set_data(p.to(dtype));
    if (p.grad().defined()) p.mutable_grad() = p.grad().to(dtype);
  }
  for (const Tensor& b : buffers())
    if (b.is_floating_point()) b.set_data(b.to(dtype));
}

const ModulePath* Module::path() const {
  uint64_t now = registrations.load(std::memory_order_acquire);
  auto& cache = state_->path;
  if (cache.made_at.load(std::memory_order_acquire) == now)
    return cache.path.load(std::memory_order_relaxed);
  std::shared_ptr<ModuleState> parent = state_->parent.lock();
  const ModulePath* above = parent ? Module(parent).path() : nullptr;
  std::string full = parent ? state_->name : "";
  if (above && !above->full.empty()) full = above->full + "." + full;
  const ModulePath* path = intern_module_path(above, full, name());
  cache.path.store(path, std::memory_order_relaxed);
  cache.made_at.store(now, std::memory_order_release);
  return path;
}

const ModulePath* Module::scope() const {
  const ModulePath* own = path();
  const ModulePath* current = current_module_path();
  return own->full.empty() && current ? current : own;
}

namespace detail {

Cloning::Cloning() : scope_(std::make_unique<CloneScope>()) {}
Cloning::~Cloning() = default;
void Cloning::finish() { scope_->finish(); }

void layer_made(void* layer, std::span<std::byte> (*bytes)(void* layer)) {
  if (CloneScope* scope = CloneScope::current()) scope->enter(layer, bytes);
}

void layer_gone(void* layer) {
  if (CloneScope* scope = CloneScope::current()) scope->leave(layer);
}

}  // namespace detail
}  // namespace taper::nn
