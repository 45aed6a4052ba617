#include "nn/io/save.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"
#include "nn/io/safetensors.h"
#include "nn/io/safetensors_header.h"

namespace taper::nn {
namespace {

OrderedDict<Tensor> named_tensors(const Module& module) {
  OrderedDict<Tensor> all = module.named_parameters();
  for (const auto& [name, buffer] : module.named_buffers()) all.insert(name, buffer);
  return all;
}

std::span<std::byte> bytes_of(const Tensor& t) {
  return {static_cast<std::byte*>(t.data_ptr()), size_t(t.nbytes())};
}

/// At most ten, and how many more there are.
std::string shortened(const std::vector<std::string>& all, std::string_view between) {
  constexpr size_t most = 10;
  std::string text = fmt::format(
      "{}",
      fmt::join(all.begin(), all.begin() + std::ptrdiff_t(std::min(most, all.size())), between));
  if (all.size() > most) text += fmt::format("{}and {} more", between, all.size() - most);
  return text;
}

/// Names, which a file may choose as it likes, as an error shows them.
std::string listed(const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const std::string& name : names) texts.push_back(safetensors::shown(name));
  return shortened(texts, ", ");
}

/// What the file has otherwise than the module, a part for each kind of difference.
std::string differences(const OrderedDict<Tensor>& wanted, const safetensors::Reader& file) {
  std::vector<std::string> missing, unexpected, parts;
  for (const auto& [name, t] : wanted)
    if (!file.tensors().contains(name)) missing.push_back(name);
  for (const auto& [name, info] : file.tensors())
    if (!wanted.contains(name)) unexpected.push_back(name);
  if (!missing.empty()) parts.push_back("missing " + listed(missing));
  if (!unexpected.empty()) parts.push_back("unexpected " + listed(unexpected));
  std::vector<std::string> others;
  for (const auto& [name, t] : wanted) {
    auto found = file.tensors().find(name);
    if (found == file.tensors().end()) continue;
    const auto& [dtype, shape, begin, bytes] = found->second;
    std::string_view expected = info(t.dtype()).safetensors;
    if (dtype != expected || !(IntList(shape) == t.sizes()))
      others.push_back(fmt::format("{} is {} {}, expected {} {}", safetensors::shown(name), dtype,
                                   IntList(shape), expected, t.sizes()));
  }
  if (!others.empty()) parts.push_back(shortened(others, "; "));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

void save(const Module& module, const std::string& path) {
  NoGradGuard no_grad;
  tensor_list packed;  // keeps the bytes alive
  std::vector<safetensors::Entry> entries;
  for (const auto& [name, t] : named_tensors(module)) {
    packed.push_back(t.contiguous());
    entries.push_back({.name = name,
                       .dtype = info(t.dtype()).safetensors,
                       .shape = t.sizes().vec(),
                       .bytes = bytes_of(packed.back())});
  }
  safetensors::write(path, entries, {{"format", "pt"}});  // what PyTorch's loaders look for
}

void load(const Module& module, const std::string& path) {
  safetensors::Reader file(path);
  OrderedDict<Tensor> wanted = named_tensors(module);
  if (std::string text = differences(wanted, file); !text.empty())
    fail("load", "\"{}\" does not fit {}: {}", path, module.name(), text);
  NoGradGuard no_grad;
  tensor_list values;
  for (const auto& [name, t] : wanted) {
    values.push_back(empty(t.sizes(), {.dtype = t.dtype()}));
    file.read(name, bytes_of(values.back()));
  }
  for (size_t i = 0; i < values.size(); ++i) wanted[i].second.copy_(values[i]);
}

}  // namespace taper::nn
