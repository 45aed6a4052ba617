#pragma once

#include "examples/optdigits/training.h"

/// Draws loss.svg and confusion.svg into the folder, through gnuplot; returns their names. Where
/// there is no gnuplot, or it fails, it says so on stderr and returns none. logits: [N, 10];
/// labels: [N]
std::vector<std::string> plot(const std::string& folder, const std::vector<Epoch>& history,
                              const taper::Tensor& logits, const taper::Tensor& labels);
