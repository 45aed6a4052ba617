#pragma once

#include <string>

#include "nn/data/dataset.h"

/// The wrongly read images as an SVG picture, each with its digit and how it was read. images: [N,
/// 1, 8, 8] in 0..1; logits: [N, 10]
std::string contact_sheet(const taper::data::TensorDataset& set, const taper::Tensor& logits);
