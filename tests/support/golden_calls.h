#pragma once

#include <functional>
#include <map>
#include <string>

#include "autograd/tensor/factories.h"
#include "autograd/tensor/tensor.h"
#include "tests/golden/golden.h"

namespace taper::test {

using GoldenCall = std::function<tensor_list(const golden::Case& c, const tensor_list& x)>;

/// How each op of ops.json and network_ops.json is called in Taper.
const std::map<std::string, GoldenCall>& golden_calls();
/// Those of networks: convolution, pooling, softmax, losses.
std::map<std::string, GoldenCall> golden_network_calls();
/// Those of network_ops.json: normalisation, embeddings, LSTMs and the like.
std::map<std::string, GoldenCall> golden_layer_calls();

/// An argument of a case: a number; `{h, w}` or one number for both.
Scalar number(const golden::Case& c, const char* name);
Int2 int2(const golden::Case& c, const char* name, Int2 otherwise = {});

Dtype to_dtype(const std::string& name);
Tensor to_tensor(const golden::Array& a);
/// An empty text, or how t differs from what is expected.
std::string difference(const golden::Array& expected, const Tensor& t, double tolerance);

}  // namespace taper::test
