#include "nn/layers/norm.h"

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "autograd/tensor/factories.h"
#include "nn/io/save.h"
#include "tests/golden/golden.h"
#include "tests/nn/layers/golden_layers.h"
#include "tests/support/error_text.h"
#include "tests/support/files.h"

using namespace taper;
using namespace taper::test;

namespace {

nn::BatchNorm2dOptions options_of(const golden::json& o) {
  nn::BatchNorm2dOptions options{.num_features = 2,
                                 .eps = o.value("eps", 1e-5),
                                 .affine = o.value("affine", true),
                                 .track_running_stats = o.value("track_running_stats", true)};
  if (o.contains("momentum")) {
    options.momentum = std::nullopt;
    if (!o["momentum"].is_null()) options.momentum = o["momentum"].get<double>();
  }
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(norm_layers)

BOOST_AUTO_TEST_CASE(batch_norm_trains_as_pytorchs) {
  for (const golden::json& run : layers_json()["batch_norm"]) {
    nn::BatchNorm2d norm(options_of(run["options"]));
    for (size_t i = 0; i < run["inputs"].size(); ++i) BOOST_TEST_CONTEXT(run["options"] << i) {
        norm.train(i < 3);
        Tensor x = tensor(run["inputs"][i].get<std::vector<double>>()).reshape({3, 2, 2, 1});
        check_values({norm(x)}, run["steps"][i]["y"], 2e-6);
        check_values(norm.buffers(), run["steps"][i]["buffers"], 1e-6);
      }
  }
}

BOOST_AUTO_TEST_CASE(start_at_1_and_0) {
  check_values(nn::BatchNorm2d({.num_features = 3}).parameters(),
               layers_json()["init"]["batch_norm"]);
  check_values(nn::LayerNorm({.normalized_shape = {2, 3}}).parameters(),
               layers_json()["init"]["layer_norm"]);
  nn::BatchNorm2d norm({.num_features = 3});
  norm(randn({2, 3, 2, 2}));
  norm.reset_running_stats();
  check_values(norm.buffers(), {0, 0, 0, 1, 1, 1, 0});
}

BOOST_AUTO_TEST_CASE(layer_norm_runs_its_op) {
  Tensor x = randn({2, 3, 4});
  nn::LayerNorm norm({.normalized_shape = {3, 4}, .eps = 0.1});
  norm.weight.data().uniform_(0, 1);
  BOOST_TEST(equal(norm(x), layer_norm(x, {3, 4}, norm.weight, norm.bias, 0.1)));
  nn::LayerNorm bare({.normalized_shape = std::vector<int64_t>{4}, .elementwise_affine = false});
  BOOST_TEST(bare.parameters().empty());
  BOOST_TEST(equal(bare(x), layer_norm(x, 4)));
}

BOOST_AUTO_TEST_CASE(buffers_are_named_saved_cloned_and_keep_their_types) {
  nn::BatchNorm2d norm({.num_features = 2}), other({.num_features = 2});
  norm(randn({3, 2, 2, 2}));
  std::string names;
  for (const auto& [name, t] : norm.named_buffers()) names += name + " ";
  BOOST_TEST(names == "running_mean running_var num_batches_tracked ");
  TemporaryFolder folder;
  nn::save(norm, folder / "norm.safetensors");
  nn::load(other, folder / "norm.safetensors");
  BOOST_TEST(equal(other.running_var, norm.running_var));
  BOOST_TEST(other.num_batches_tracked.item<int64_t>() == 1);
  nn::BatchNorm2d copy = norm.clone();
  copy(randn({3, 2, 2, 2}));
  BOOST_TEST(copy.num_batches_tracked.item<int64_t>() == 2);
  BOOST_TEST(norm.num_batches_tracked.item<int64_t>() == 1);
  norm.to(float64);
  BOOST_TEST(norm(randn({3, 2, 2, 2}, {.dtype = float64})).dtype() == float64);
  BOOST_TEST(norm.num_batches_tracked.dtype() == int64);
}

BOOST_AUTO_TEST_CASE(print) {
  auto text = [](const nn::Module& m) { return fmt::format("{}", m); };
  BOOST_TEST(text(nn::BatchNorm2d({.num_features = 3})) == "BatchNorm2d(3)");
  BOOST_TEST(text(nn::BatchNorm2D({.num_features = 3,
                                   .eps = 0.1,
                                   .momentum = std::nullopt,
                                   .affine = false,
                                   .track_running_stats = false})) ==
             "BatchNorm2d(3, eps=0.1, momentum=none, affine=false, track_running_stats=false)");
  BOOST_TEST(text(nn::LayerNorm({.normalized_shape = 4})) == "LayerNorm(4)");
  BOOST_TEST(text(nn::LayerNorm({.normalized_shape = {2, 3}, .elementwise_affine = false})) ==
             "LayerNorm([2, 3], elementwise_affine=false)");
}

BOOST_AUTO_TEST_CASE(refuse) {
  BOOST_TEST(error_text([] { nn::BatchNorm2d({.num_features = 0}); }) ==
             "BatchNorm2d: num_features is 0; expected 1 or more");
  BOOST_TEST(error_text([] {
               nn::BatchNorm2d({.num_features = 2})(zeros({3, 2}));
             }) == "BatchNorm2d: input has shape [3, 2]; expected [N, C, H, W]");
  BOOST_TEST(error_text([] {
               nn::BatchNorm2d({.num_features = 2})(zeros({3, 3, 1, 1}));
             }) == "BatchNorm2d: input has 3 channels; expected num_features, 2");
  BOOST_TEST(error_text([] {
               nn::BatchNorm2d({.num_features = 2})(zeros({1, 2, 1, 1}));
             }) ==
             "batch_norm: input of shape [1, 2, 1, 1] has 1 value a channel; expected more in "
             "training");
  BOOST_TEST(error_text([] { nn::LayerNorm({.normalized_shape = std::vector<int64_t>{}}); }) ==
             "LayerNorm: normalized_shape is []; expected at least one dimension");
  BOOST_TEST(error_text([] {
               nn::LayerNorm({.normalized_shape = {3, 0}});
             }) == "LayerNorm: normalized_shape is 0; expected 1 or more");
}

BOOST_AUTO_TEST_SUITE_END()
