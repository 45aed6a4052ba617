// Writes print.json: the texts that LibTorch's << prints, each with the values it was given.
//
//     T=.../site-packages/torch
//     g++ -std=c++20 -I$T/include -I$T/include/torch/csrc/api/include tests/golden/print.cpp \
//         -L$T/lib -ltorch -ltorch_cpu -lc10 -Wl,-rpath,$T/lib -o print && ./print >
//         tests/golden/print.json
//     (LibTorch 2.13, the C++ library inside PyTorch's wheel)
#include <torch/torch.h>

#include <cmath>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <limits>
#include <sstream>

using torch::kByte, torch::kDouble, torch::kFloat, torch::kInt, torch::kLong, torch::Tensor,
    torch::TensorOptions;

static bool first = true;

static std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text)
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  return out;
}

static std::string number(double v) {
  if (std::isnan(v)) return "\"nan\"";
  if (std::isinf(v)) return v > 0 ? "\"inf\"" : "\"-inf\"";
  char text[40];
  std::snprintf(text, sizeof text, v == 0 ? "%.1f" : "%.17g", v);
  return text;
}

/// precision: what std::setprecision set before, 0 for nothing; likewise fixed.
static void record(const char* name, const Tensor& x, int precision = 0, bool fixed = false) {
  std::ostringstream text;
  if (precision) text << std::setprecision(precision);
  if (fixed) text << std::fixed;
  text << x;
  std::cout << (first ? "" : ",") << "\n {\"name\": \"" << name
            << "\", \"precision\": " << precision << ", \"fixed\": " << (fixed ? "true" : "false");
  first = false;
  if (x.defined()) {
    std::string type = c10::toString(x.scalar_type());
    std::cout << ",\n  \"dtype\": \"" << type << "\", \"shape\": [";
    for (int64_t d = 0; d < x.dim(); ++d) std::cout << (d ? ", " : "") << x.size(d);
    std::cout << "], \"data\": [";
    Tensor flat = x.detach().contiguous().reshape({-1});
    for (int64_t i = 0; i < flat.numel(); ++i)
      std::cout << (i ? ", " : "")
                << (x.is_floating_point() ? number(flat[i].item<double>())
                                          : std::to_string(flat[i].item<int64_t>()));
    std::cout << "]";
  }
  std::cout << ",\n  \"text\": \"" << escaped(text.str()) << "\"}";
}

int main() {
  double nan = std::nan(""), inf = INFINITY;
  std::cout << "{\"libtorch\": \"" << TORCH_VERSION << "\", \"tensors\": [";
  record("undefined", Tensor());
  record("0-dim float", torch::tensor(2.5));
  record("0-dim double", torch::tensor(1.0 / 3, kDouble));
  record("0-dim long", torch::tensor(7));
  record("0-dim bool", torch::tensor(true));
  record("0-dim large", torch::tensor(1.5e10));
  record("0-dim nan", torch::tensor(nan));
  for (double v : {1e-4, 1e-5, 1e15, 1e16, 1e17, 1.25e-300, -0.0})
    record("0-dim double", torch::tensor(v, kDouble));
  record("0-dim long beyond 2^53", torch::tensor((int64_t(1) << 53) + 1));
  record("0-dim long, large", torch::tensor(std::numeric_limits<int64_t>::max()));
  record("0-dim byte", torch::tensor(200, kByte));
  record("0-dim setprecision(3)", torch::tensor(3.14159265, kDouble), 3);
  record("0-dim fixed", torch::tensor(3.14159265, kDouble), 2, true);
  record("empty vector", torch::zeros({0}));
  record("empty matrix", torch::zeros({2, 0}, kLong));
  record("empty 3-D", torch::zeros({2, 0, 3}));
  record("vector", torch::tensor({1.5, -2.25, 3.125}));
  record("whole numbers", torch::tensor({1.0, 20.0, -300.0}));
  record("long", torch::tensor({1, 20, 300}));
  record("long setprecision(2)", torch::tensor({1, 20, 300}), 2);
  record("int", torch::tensor({-1, 0, 1}, kInt));
  record("byte", torch::tensor({0, 128, 255}, kByte));
  record("bool", torch::tensor({true, false, true}));
  record("long of 10 digits", torch::tensor({1, 1234567890}));
  record("long of 9 digits", torch::tensor({1, 123456789}));
  record("zeros", torch::zeros({2, 3}));
  record("matrix", torch::tensor({{1.0, 2.0}, {3.0, 4.0}}, kDouble));
  record("fractions", torch::tensor({{0.5, 0.25}, {-0.125, 0.0625}}));
  record("small, scaled", torch::tensor({0.001, 0.002}));
  record("large, scaled", torch::tensor({123456.5, 234567.25}, kDouble));
  record("matrix, scaled", torch::tensor({{123456.5, 234567.25}, {1e5, 3.5e5}}, kDouble));
  record("scale of 1e16", torch::tensor({1.5e16 + 2, 1e16}, kDouble));
  record("large fractions", torch::tensor({1.5e14 + 0.5, 1e14}, kDouble));
  record("smallest scaled", torch::tensor({1.5e-300, 1e-300}, kDouble));
  record("below 1", torch::tensor({0.5, 0.05, 0.005}, kDouble));
  record("wide range", torch::tensor({{1e-6, 1.0}, {1e6, 12345.678}}, kDouble));
  record("three-digit exponents", torch::tensor({1e-200, 1.5, 1e200}, kDouble));
  record("nan and inf", torch::tensor({{nan, 1.5}, {inf, -inf}}, kDouble));
  record("nan and whole", torch::tensor({nan, 1.0, inf}, kDouble));
  record("nothing finite", torch::tensor({nan, inf, -inf}, kDouble));
  record("with zero", torch::tensor({0.0, 0.5, 100.25}));
  record("columns", torch::arange(60, kFloat).reshape({2, 30}) * 0.5);
  record("columns, scaled", torch::arange(40, kDouble).reshape({2, 20}) * 12345.5);
  record("columns of integers", torch::arange(100).reshape({2, 50}) * 1000);
  record("3-D", torch::arange(12, kFloat).reshape({2, 2, 3}));
  record("3-D fractions, scales differ",
         torch::tensor({{{0.5, 1.5}, {2.5, 3.5}}, {{1e6 + 0.5, 2e6}, {3e6, 4e6}}}, kDouble));
  record("4-D", torch::arange(16).reshape({2, 2, 2, 2}));
  record("3-D columns", torch::arange(60, kDouble).reshape({1, 2, 30}) * 0.25);
  record("transposed", torch::arange(6, kFloat).reshape({2, 3}).t());
  record("requires grad", torch::ones({2}, TensorOptions().requires_grad(true)));
  record("recorded", torch::ones({2}, TensorOptions().requires_grad(true)) * 2);
  record("0-dim recorded", torch::ones({2}, TensorOptions().requires_grad(true)).sum());
  record("setprecision(8)", torch::tensor({1.5, 2.25}), 8);
  record("fixed integers", torch::tensor({1, 2}), 2, true);
  std::cout << "\n]}\n";
}
