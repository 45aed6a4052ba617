#pragma once

#include "autograd/tensor/error.h"

#include <string>

namespace taper::test {

/// The text of the Error that `run` throws, "no error" if it throws none.
template <class Run>
std::string error_text(Run&& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace taper::test
