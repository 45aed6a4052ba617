#pragma once

#include <string>
#include <vector>

#include "autograd/ops/sample.h"

namespace taper::test {

/// A sample's inputs with one of them changed so that the op may have to refuse it.
struct WrongInputs {
  std::string what;  ///< e.g. "input 0 of shape []"
  tensor_list inputs;
};

/// Each input in turn with other shapes, types and, for integers, values; or missing.
std::vector<WrongInputs> wrong_inputs(const tensor_list& inputs);

/// What is wrong with how f takes these inputs: it must give a result or throw an Error of the form
/// `op: text`.
std::string unclear_error(const Sample::Function& f, const tensor_list& inputs);

}  // namespace taper::test
