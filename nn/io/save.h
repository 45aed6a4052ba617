#pragma once

#include <string>

#include "nn/module.h"

namespace taper::nn {

/// Writes parameters and buffers, by their names, as a safetensors file. What stood at the path is
/// replaced only when everything was written.
void save(const Module& module, const std::string& path);

/// Reads parameters and buffers into the module; handles to them stay valid. Throws, and changes
/// nothing, where the file is not what it says or does not have exactly these tensors: one error
/// names all that are missing, unexpected, or of another type or shape.
void load(const Module& module, const std::string& path);

}  // namespace taper::nn
