#pragma once

#include "examples/optdigits/training.h"

/// Writes what a training leaves into the folder: metrics.csv, the pictures loss.svg,
/// confusion.svg, wrong.svg and network.svg, weights.safetensors. Returns their names.
std::vector<std::string> write_results(const std::string& folder, const Model& model,
                                       const std::vector<Epoch>& history,
                                       const taper::data::TensorDataset& test);
