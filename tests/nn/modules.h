#pragma once

#include <string>

#include "autograd/tensor/factories.h"
#include "nn/module.h"

// Modules that the tests of modules share.

namespace taper::test {

/// y = w x + b, with a running sum of what it saw.
struct Scale : nn::Layer<Scale> {
  explicit Scale(double value = 1)
      : weight(register_parameter("weight", tensor({value, value}))),
        seen(register_buffer("seen", zeros({2}))) {}
  Tensor forward(const Tensor& x) const { return weight * x; }
  std::string arguments() const override { return "2"; }

  Tensor weight;
  Tensor seen;
};

struct Block : nn::Layer<Block> {
  Scale first = register_module("first", Scale(2));
  Scale second = register_module("second", Scale(3));
  Tensor forward(const Tensor& x) { return second(first(x)); }
};

struct Net : nn::Layer<Net> {
  Block block = register_module("block", Block());
  Tensor shift = register_parameter("shift", tensor({0.5, 0.25}));
  Scale out = register_module("out", Scale(5));
  Tensor forward(const Tensor& x, bool shifted = true) {
    Tensor y = out(block(x));
    return shifted ? y + shift : y;
  }
};

inline std::string names(const nn::OrderedDict<Tensor>& tensors) {
  std::string out;
  for (auto& [name, t] : tensors) out += name + " ";
  return out;
}

inline double at(const Tensor& t, int64_t i) { return t[i].item<double>(); }

}  // namespace taper::test
