#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nn/data/optdigits.h"
#include "nn/module.h"

/// A network of any class.
struct Model {
  taper::nn::Module module;
  std::function<taper::Tensor(const taper::Tensor&)> forward;
};

/// The model of that name, with the initial values of that seed.
Model make_model(const std::string& name, uint64_t seed);

/// What an epoch came to. Accuracies: 0 to 1, after it.
struct Epoch {
  double loss;          ///< mean over its samples, while it trained
  double seconds;       ///< of training
  int64_t train_right;  ///< how many images were read rightly after it
  int64_t test_right;
  double train_accuracy = 0;
  double test_accuracy = 0;
};

/// Trains by the report's recipe (SGD, learning rate 0.2, batches of 64) and prints a line an
/// epoch.
std::vector<Epoch> train(const Model& model, const taper::data::Digits& digits, int64_t epochs);

/// The logits of all images, unrecorded.
taper::Tensor predict(const Model& model, const taper::Tensor& images);
