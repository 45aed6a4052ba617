#pragma once

#include <string>
#include <vector>

#include "autograd/ops/sample.h"

namespace taper::test {

/// A sample's inputs with some of them changed so that the op may have to refuse them.
struct OtherInputs {
  std::string what;  ///< e.g. "input 0 of shape []"
  tensor_list inputs;
  tensor_list promoted = {};  ///< where the type is another: in the type that holds both
};

/// Each input in turn with other shapes, types and, for integers, values; or missing.
std::vector<OtherInputs> wrong_inputs(const tensor_list& inputs);

/// All inputs, and each in turn, without elements or without dimensions.
std::vector<OtherInputs> empty_inputs(const tensor_list& inputs);

/// Why an error's text does not read `op: what is wrong; what was expected`, or "".
std::string malformed(std::string_view text);

/// What is wrong with how f takes these inputs: it must throw an Error of the right form, or give a
/// result, that of the promoted ones where the type is another.
std::string wrong_answer(const Sample::Function& f, const OtherInputs& other);

}  // namespace taper::test
