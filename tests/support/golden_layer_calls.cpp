#include "tests/support/golden_calls.h"

namespace taper::test {

namespace {

using X = const tensor_list&;
using C = const golden::Case&;

tensor_list golden_batch_norm(C c, X x) {
  bool training = c.arg<bool>("training");
  Tensor mean = x[3].defined() ? x[3].clone() : Tensor(),
         var = x[4].defined() ? x[4].clone() : Tensor();
  Tensor y =
      batch_norm(x[0], x[1], x[2], mean, var, training, c.arg("momentum", 0.1), c.arg("eps", 1e-5));
  if (!training || !mean.defined()) return {y};
  return {y, mean, var};
}

tensor_list golden_layer_norm(C c, X x) {
  return {layer_norm(x[0], c.arg<std::vector<int64_t>>("normalized_shape"), x[1], x[2],
                     c.arg("eps", 1e-5))};
}

tensor_list golden_lstm(C c, X x) {
  auto [y, h, cell] = lstm(x[0], {x[1], x[2]}, tensor_list(x.begin() + 3, x.end()),
                           c.arg<bool>("has_biases"), c.arg<int64_t>("num_layers"), 0, true,
                           c.arg<bool>("bidirectional"), c.arg<bool>("batch_first"));
  return {y, h, cell};
}

}  // namespace

std::map<std::string, GoldenCall> golden_layer_calls() {
  return {
      {"erf", [](C, X x) { return tensor_list{erf(x[0])}; }},
      {"gelu", [](C c, X x) { return tensor_list{gelu(x[0], c.arg<std::string>("approximate"))}; }},
      {"batch_norm", golden_batch_norm},
      {"layer_norm", golden_layer_norm},
      {"embedding",
       [](C c, X x) { return tensor_list{embedding(x[0], x[1], c.arg<int64_t>("padding_idx"))}; }},
      {"adaptive_avg_pool2d",
       [](C c, X x) { return tensor_list{adaptive_avg_pool2d(x[0], int2(c, "output_size"))}; }},
      {"lstm", golden_lstm},
  };
}

}  // namespace taper::test
