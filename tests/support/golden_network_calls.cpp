#include "tests/support/golden_calls.h"

namespace taper::test {

namespace {

using X = const tensor_list&;
using C = const golden::Case&;

int64_t integer(C c, const char* name, int64_t otherwise) {
  return c.arg<int64_t>(name, otherwise);
}

Reduction reduction(C c) {
  std::string r = c.arg<std::string>("reduction", "mean");
  return r == "none" ? kNone : r == "sum" ? kSum : kMean;
}

Tensor weight(X x) { return x.size() > 2 ? x[2] : Tensor(); }

tensor_list golden_conv2d(C c, X x) {
  return {conv2d(x[0], x[1], x[2],
                 {.stride = int2(c, "stride", 1),
                  .padding = int2(c, "padding", 0),
                  .dilation = int2(c, "dilation", 1),
                  .groups = integer(c, "groups", 1)})};
}

tensor_list golden_max_pool2d_with_indices(C c, X x) {
  auto [y, index] = max_pool2d_with_indices(
      x[0], int2(c, "kernel"), int2(c, "stride", int2(c, "kernel")), int2(c, "padding", 0),
      int2(c, "dilation", 1), c.arg("ceil_mode", false));
  return {y, index};
}

tensor_list golden_max_pool(C c, X x) {
  auto [y, mask] = max_pool(x[0], int2(c, "k"), int2(c, "stride", int2(c, "k")));
  return {y, mask};
}

tensor_list golden_avg_pool2d(C c, X x) {
  return {avg_pool2d(x[0], int2(c, "kernel"), int2(c, "stride", int2(c, "kernel")),
                     int2(c, "padding", 0), false, c.arg("count_include_pad", true))};
}

tensor_list golden_cross_entropy(C c, X x) {
  return {cross_entropy(x[0], x[1],
                        {.weight = weight(x),
                         .ignore_index = integer(c, "ignore_index", -100),
                         .reduction = reduction(c),
                         .label_smoothing = c.arg("label_smoothing", 0.0)})};
}

tensor_list golden_nll_loss(C c, X x) {
  return {nll_loss(x[0], x[1],
                   {.weight = weight(x),
                    .ignore_index = integer(c, "ignore_index", -100),
                    .reduction = reduction(c)})};
}

}  // namespace

std::map<std::string, GoldenCall> golden_network_calls() {
  return {
      {"conv2d", golden_conv2d},
      {"max_pool2d_with_indices", golden_max_pool2d_with_indices},
      {"max_pool", golden_max_pool},
      {"avg_pool2d", golden_avg_pool2d},
      {"softmax", [](C c, X x) { return tensor_list{softmax(x[0], c.arg<int64_t>("dim"))}; }},
      {"log_softmax",
       [](C c, X x) { return tensor_list{log_softmax(x[0], c.arg<int64_t>("dim"))}; }},
      {"cross_entropy", golden_cross_entropy},
      {"nll_loss", golden_nll_loss},
      {"mse_loss", [](C c, X x) { return tensor_list{mse_loss(x[0], x[1], reduction(c))}; }},
      {"linear", [](C, X x) { return tensor_list{linear(x[0], x[1], x[2])}; }},
      {"dense", [](C, X x) { return tensor_list{dense(x[0], x[1])}; }},
  };
}

}  // namespace taper::test
