#pragma once

#include "nn/module.h"
#include "nn/options.h"

namespace taper::nn {

/// Base of a layer with options, which its handles share; it prints them, the first `unnamed` ones
/// without their names.
template <class Self, class Options, size_t unnamed = 0>
class OptionsLayer : public Layer<Self> {
 public:
  OptionsLayer(const OptionsLayer& other) : Layer<Self>(other), options(shared_options()) {}
  std::string arguments() const override { return to_string(options, unnamed); }

  Options& options;

 protected:
  explicit OptionsLayer(const Options& o)
      : Layer<Self>(std::make_unique<Held>(o)), options(shared_options()) {}

 private:
  struct Held final : detail::Shared {
    explicit Held(const Options& o) : value(o) {}
    std::unique_ptr<Shared> copy() const override { return std::make_unique<Held>(value); }
    Options value;
  };
  Options& shared_options() const { return static_cast<Held&>(this->shared()).value; }
};

}  // namespace taper::nn
