#include "examples/optdigits/results.h"

#include <fmt/format.h>

#include "autograd/viz/draw.h"
#include "examples/optdigits/contact_sheet.h"
#include "examples/optdigits/plots.h"
#include "examples/optdigits/text_file.h"
#include "nn/io/save.h"

using namespace taper;

static std::string csv(const std::vector<Epoch>& history) {
  std::string text = "epoch,loss,train_accuracy,test_accuracy,seconds\n";
  for (size_t i = 0; i < history.size(); ++i) {
    const Epoch& e = history[i];
    text += fmt::format("{},{:.9g},{:.9g},{:.9g},{:.6f}\n", i + 1, e.loss, e.train_accuracy,
                        e.test_accuracy, e.seconds);
  }
  return text;
}

/// The graph of the loss of four images.
static void draw_network(const Model& model, const data::TensorDataset& test,
                         const std::string& path) {
  auto few = [](const Tensor& t) { return t.narrow(0, 0, std::min<int64_t>(4, t.size(0))); };
  Tensor loss = cross_entropy(model.forward(few(test.images())), few(test.labels()));
  viz::draw(loss, path, {.names = model.module});
}

std::vector<std::string> write_results(const std::string& folder, const Model& model,
                                       const std::vector<Epoch>& history,
                                       const data::TensorDataset& test) {
  auto in = [&](const char* name) { return folder + "/" + name; };
  Tensor logits = predict(model, test.images());
  // What took longest to get comes first, what leans on other programs last.
  nn::save(model.module, in("weights.safetensors"));
  write_text(in("metrics.csv"), csv(history));
  write_text(in("wrong.svg"), contact_sheet(test, logits));
  draw_network(model, test, in("network.svg"));
  std::vector<std::string> names{"weights.safetensors", "metrics.csv", "wrong.svg", "network.svg"};
  for (const std::string& picture : plot(folder, history, logits, test.labels()))
    names.push_back(picture);
  return names;
}
