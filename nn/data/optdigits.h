#pragma once

#include "nn/data/dataset.h"
#include "nn/data/fetch.h"

namespace taper::data {

/// Of the handwritten digits: an image's height and width, its darkest value in the files, and the
/// number of classes.
inline constexpr int64_t digit_side = 8, digit_ink = 16, digit_classes = 10;

/// Training and test images of UCI's handwritten digits: [N, 1, 8, 8] of float32 in 0..1, labels
/// [N] of int64.
struct Digits {
  TensorDataset train;
  TensorDataset test;
};

/// The official split, from the cache, the mirror or the public address; else the substitute, which
/// it says on stderr. `auto [train, test] = data::optdigits();`
Digits optdigits(const FetchOptions& options = {});

/// Reads lines of 64 counts 0..16, an 8x8 image row by row, and its class 0..9, with commas between
/// them. Throws with the file and the line where one is otherwise.
TensorDataset read_digits(const std::string& path);

}  // namespace taper::data
