#include "examples/optdigits/training.h"

#include <fmt/format.h>

#include <chrono>

#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "examples/optdigits/network.h"
#include "nn/data/data_loader.h"
#include "nn/metrics/metrics.h"
#include "nn/optim/sgd.h"
#include "nn/train/progress.h"

using namespace taper;

template <class Net>
static Model drawn(uint64_t seed) {
  Net net;
  manual_seed(seed);
  net.draw();
  return {net, [net](const Tensor& x) { return net(x); }};
}

Model make_model(const std::string& name, uint64_t seed) {
  if (name == "logistic") return drawn<Logistic>(seed);
  if (name == "mlp") return drawn<Mlp>(seed);
  return drawn<ReportNet>(seed);
}

Tensor predict(const Model& model, const Tensor& images) {
  NoGradGuard no_grad;
  return model.forward(images);
}

static int64_t right_answers(const Model& model, const data::TensorDataset& set) {
  return metrics::right_answers(predict(model, set.images()), set.labels());
}

/// One pass over the batches; returns the mean loss of a sample.
static double train_epoch(const Model& model, const data::DataLoader<data::TensorDataset>& batches,
                          optim::SGD& sgd, const std::string& title) {
  nn::Progress progress(title, batches.size());
  double total = 0;
  for (auto [images, labels] : batches) {
    sgd.zero_grad();
    Tensor loss = cross_entropy(model.forward(images), labels);
    loss.backward();
    sgd.step();
    total += loss.item<double>() * double(labels.numel());
    progress.step();
  }
  return total / double(batches.dataset().size());
}

std::vector<Epoch> train(const Model& model, const data::Digits& digits, int64_t epochs) {
  data::DataLoader batches(digits.train, {.batch_size = 64, .shuffle = true});
  optim::SGD sgd(model.module.parameters(), {.lr = 0.2});
  std::vector<Epoch> history;
  fmt::print("epoch    loss  train %  test %  seconds\n");
  for (int64_t epoch = 1; epoch <= epochs; ++epoch) {
    auto start = std::chrono::steady_clock::now();
    double loss = train_epoch(model, batches, sgd, fmt::format("epoch {}/{}", epoch, epochs));
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    Epoch e{.loss = loss,
            .seconds = seconds.count(),
            .train_right = right_answers(model, digits.train),
            .test_right = right_answers(model, digits.test)};
    e.train_accuracy = double(e.train_right) / double(digits.train.size());
    e.test_accuracy = double(e.test_right) / double(digits.test.size());
    fmt::print("{:5} {:7.4f} {:8.2f} {:7.2f} {:8.3f}\n", epoch, e.loss, 100 * e.train_accuracy,
               100 * e.test_accuracy, e.seconds);
    std::fflush(stdout);
    history.push_back(e);
  }
  return history;
}
