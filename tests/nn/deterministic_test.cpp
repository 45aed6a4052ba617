// Training runs: bit-equal for one seed and thread count, with deterministic(true) for every thread
// count.

#include <taper.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "tests/support/environment.h"
#include "tests/support/files.h"
#include "tests/support/same_bits.h"

using namespace taper;
using namespace taper::test;

namespace {

/// The parameters and losses after a few steps of Adam.
template <class Net, class Loss>
tensor_list trained(Net net, Loss loss) {
  optim::Adam adam(net.parameters(), {.lr = 1e-2});
  tensor_list out;
  for (int step = 0; step < 3; ++step) {
    adam.zero_grad();
    out.push_back(loss(net));
    out.back().backward();
    adam.step();
  }
  for (const Tensor& p : net.parameters()) out.push_back(p);
  for (const Tensor& b : net.buffers()) out.push_back(b);
  return out;
}

nn::Conv2d conv(int64_t in, int64_t out, int64_t stride) {
  return nn::Conv2d(
      {.in_channels = in, .out_channels = out, .kernel_size = 3, .stride = stride, .padding = 1});
}

tensor_list train_cnn() {
  manual_seed(1);
  nn::Sequential net(conv(3, 32, 1), nn::BatchNorm2d({.num_features = 32}), nn::ReLU(),
                     conv(32, 48, 1), nn::MaxPool2d({.kernel_size = 2}), conv(48, 64, 2),
                     nn::BatchNorm2d({.num_features = 64}), nn::ReLU(), conv(64, 64, 1),
                     nn::AdaptiveAvgPool2d({.output_size = 1}), nn::Flatten(),
                     nn::Linear({.in_features = 64, .out_features = 10}));
  Tensor x = rand({12, 3, 32, 32}), y = randint(0, 10, {12});
  return trained(net, [&](auto& n) { return cross_entropy(n(x), y); });
}

tensor_list train_mlp() {
  manual_seed(2);
  nn::Sequential net(nn::Linear({.in_features = 784, .out_features = 512}), nn::ReLU(),
                     nn::Linear({.in_features = 512, .out_features = 10}));
  Tensor x = rand({128, 784}), y = randint(0, 10, {128});
  return trained(net, [&](auto& n) { return cross_entropy(n(x), y); });
}

tensor_list train_lstm() {
  manual_seed(3);
  nn::LSTM net({.input_size = 64, .hidden_size = 128});
  Tensor x = rand({20, 32, 64});
  return trained(net, [&](auto& n) { return std::get<0>(n(x)).square().mean(); });
}

/// Embedding, attention, layer norm.
struct Attention : nn::Layer<Attention> {
  nn::Embedding tokens =
      register_module("tokens", nn::Embedding({.num_embeddings = 65, .embedding_dim = 64}));
  nn::Linear qkv = register_module("qkv", nn::Linear({.in_features = 64, .out_features = 192}));
  nn::LayerNorm norm = register_module("norm", nn::LayerNorm({.normalized_shape = {64}}));
  nn::Linear out = register_module("out", nn::Linear({.in_features = 64, .out_features = 65}));

  Tensor forward(const Tensor& index) {
    Tensor x = tokens(index);
    tensor_list parts = qkv(norm(x)).chunk(3, 2);
    Tensor weights = softmax(parts[0].matmul(parts[1].transpose(-2, -1)) / 8, -1);
    return out(x + gelu(weights.matmul(parts[2]))).view({-1, 65});
  }
};

tensor_list train_attention() {
  manual_seed(4);
  Attention net;
  Tensor x = randint(0, 65, {16, 96}), y = randint(0, 65, {1536});
  return trained(net, [&](auto& n) { return cross_entropy(n(x), y); });
}

tensor_list train_all() {
  tensor_list out;
  for (auto train : {train_cnn, train_mlp, train_lstm, train_attention})
    for (const Tensor& t : train()) out.push_back(t);
  return out;
}

std::string bytes(const tensor_list& tensors) {
  std::string out;
  for (const Tensor& t : tensors)
    out.append(static_cast<const char*>(t.contiguous().data_ptr()), size_t(t.nbytes()));
  return out;
}

constexpr const char* file_variable = "TAPER_TEST_TRAINED";

}  // namespace

BOOST_AUTO_TEST_SUITE(deterministic_training)

BOOST_AUTO_TEST_CASE(same_for_every_number_of_threads) {
  BOOST_TEST(differing_threads(train_cnn) == "");
  BOOST_TEST(differing_threads(train_mlp) == "");
  BOOST_TEST(differing_threads(train_lstm) == "");
  BOOST_TEST(differing_threads(train_attention) == "");
}

BOOST_AUTO_TEST_CASE(same_from_run_to_run) {
  ThreadSettings before;
  for (int threads : {1, 2, 3}) {
    set_num_threads(threads);
    BOOST_TEST(same_bits(train_all(), train_all()), threads << " threads");
  }
}

/// Where file_variable is set, writes what training gives there; without, starts itself so.
BOOST_AUTO_TEST_CASE(same_from_process_to_process) {
  ThreadSettings before;
  set_num_threads(2);
  std::string here = bytes(train_all());
  if (const char* file = std::getenv(file_variable)) {
    write_file(file, here);
    return;
  }
  TemporaryFolder folder;
  std::string file = folder / "trained";
  Variable out(file_variable, file);
  std::string command = boost::unit_test::framework::master_test_suite().argv[0];
  command += " --run_test=deterministic_training/same_from_process_to_process >/dev/null 2>&1";
  BOOST_TEST_REQUIRE(std::system(command.c_str()) == 0);
  BOOST_TEST((here == read_file(file)));
}

BOOST_AUTO_TEST_SUITE_END()
