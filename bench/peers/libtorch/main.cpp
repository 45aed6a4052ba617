// The rows of ./run bench in LibTorch: the same work as bench/rows, in LibTorch's own words.
#include <torch/torch.h>

#include <cmath>

#include "bench/rows/row.h"

using bench::median_us;
using bench::Row;
using torch::Tensor;
namespace nn = torch::nn;
namespace optim = torch::optim;

namespace {

struct Digits : nn::Module {
  nn::Conv2d conv{nn::Conv2dOptions(1, 4, 3).padding(1)};
  nn::Linear hidden{64, 32}, out{32, 10};
  Digits() {
    register_module("conv", conv);
    register_module("hidden", hidden);
    register_module("out", out);
  }
  Tensor forward(const Tensor& x) {
    return out(torch::relu(hidden(torch::max_pool2d(torch::relu(conv(x)), 2).flatten(1))));
  }
};

nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

struct Block : nn::Module {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d norm1, norm2;
  nn::Sequential skip;

  Block(int64_t in, int64_t out, int64_t stride)
      : conv1(conv(in, out, 3, stride)), conv2(conv(out, out, 3, 1)), norm1(out), norm2(out) {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("norm1", norm1);
    register_module("norm2", norm2);
    if (stride == 1 && in == out) return;
    skip->push_back(conv(in, out, 1, stride));
    skip->push_back(nn::BatchNorm2d(out));
    register_module("skip", skip);
  }
  Tensor forward(const Tensor& x) {
    Tensor y = norm2(conv2(torch::relu(norm1(conv1(x)))));
    return torch::relu(y + (skip->size() ? skip->forward(x) : x));
  }
};

nn::Sequential resnet18() {
  nn::Sequential net(conv(3, 64, 3, 1), nn::BatchNorm2d(64), nn::ReLU());
  int64_t in = 64;
  for (int stage = 0; stage < 4; ++stage)
    for (int block = 0; block < 2; ++block) {
      int64_t out = 64 << stage;
      net->push_back(Block(in, out, stage && !block ? 2 : 1));
      in = out;
    }
  net->push_back(nn::AdaptiveAvgPool2d(1));
  net->push_back(nn::Flatten());
  net->push_back(nn::Linear(512, 10));
  return net;
}

nn::Sequential fashion_cnn() {
  auto conv3 = [](int64_t in, int64_t out) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1));
  };
  return nn::Sequential(conv3(1, 32), nn::ReLU(), nn::MaxPool2d(2), conv3(32, 64), nn::ReLU(),
                        nn::MaxPool2d(2), nn::Flatten(), nn::Linear(3136, 128), nn::ReLU(),
                        nn::Linear(128, 10));
}

template <class Forward, class Optimizer>
double step_us(const Forward& forward, Optimizer& optimizer, std::vector<int64_t> image) {
  Tensor x = torch::rand(image), y = torch::randint(0, 10, {image[0]});
  return median_us([&] {
    optimizer.zero_grad();
    torch::cross_entropy_loss(forward(x), y).backward();
    optimizer.step();
  });
}

double digits_step() {
  Digits net;
  optim::SGD sgd(net.parameters(), 0.2);
  return step_us([&](const Tensor& x) { return net.forward(x); }, sgd, {64, 1, 8, 8});
}

double digits_infer() {
  Digits net;
  torch::NoGradGuard no_grad;
  Tensor x = torch::rand({1, 1, 8, 8});
  return median_us([&] { net.forward(x); });
}

double mlp_step() {
  nn::Sequential net(nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 256), nn::ReLU(),
                     nn::Linear(256, 10));
  optim::Adam adam(net->parameters(), 1e-3);
  return step_us([&](const Tensor& x) { return net->forward(x); }, adam, {128, 784});
}

double resnet_step() {
  nn::Sequential net = resnet18();
  optim::SGD sgd(net->parameters(), optim::SGDOptions(0.1).momentum(0.9).weight_decay(5e-4));
  return step_us([&](const Tensor& x) { return net->forward(x); }, sgd, {16, 3, 32, 32});
}

double fashion_step() {
  nn::Sequential net = fashion_cnn();
  optim::Adam adam(net->parameters(), 1e-3);
  return step_us([&](const Tensor& x) { return net->forward(x); }, adam, {64, 1, 28, 28});
}

double double_backward() {
  nn::Sequential net(nn::Linear(64, 128), nn::Tanh(), nn::Linear(128, 1));
  Tensor x = torch::rand({64, 64}, torch::requires_grad());
  return median_us([&] {
    net->zero_grad();
    Tensor g = torch::autograd::grad({net->forward(x).sum()}, {x}, {}, true, true)[0];
    g.pow(2).sum().backward();
  });
}

struct Gpt : nn::Module {
  struct Layer {
    nn::LayerNorm norm1, norm2;
    nn::Linear qkv, out, wide, narrow;
    explicit Layer(int64_t width)
        : norm1(nn::LayerNormOptions({width})),
          norm2(nn::LayerNormOptions({width})),
          qkv(width, 3 * width),
          out(width, width),
          wide(width, 4 * width),
          narrow(4 * width, width) {}
  };
  int64_t heads;
  nn::Embedding tokens, positions;
  std::vector<Layer> layers;
  nn::LayerNorm last;
  nn::Linear head;
  Tensor mask;

  Gpt(int64_t depth, int64_t width, int64_t head_count, int64_t time, int64_t vocabulary)
      : heads(head_count),
        tokens(vocabulary, width),
        positions(time, width),
        last(nn::LayerNormOptions({width})),
        head(width, vocabulary),
        mask(torch::ones({time, time}).triu(1).to(torch::kBool)) {
    register_module("tokens", tokens);
    register_module("positions", positions);
    for (int64_t i = 0; i < depth; ++i) {
      Layer layer(width);
      std::string n = std::to_string(i);
      register_module("norm1" + n, layer.norm1);
      register_module("norm2" + n, layer.norm2);
      register_module("qkv" + n, layer.qkv);
      register_module("out" + n, layer.out);
      register_module("wide" + n, layer.wide);
      register_module("narrow" + n, layer.narrow);
      layers.push_back(layer);
    }
    register_module("last", last);
    register_module("head", head);
  }
  Tensor attention(Layer& l, const Tensor& x) {
    int64_t batch = x.size(0), time = x.size(1), width = x.size(2), each = width / heads;
    auto split = [&](const Tensor& t) {
      return t.view({batch, time, heads, each}).transpose(1, 2);
    };
    std::vector<Tensor> parts = l.qkv(x).chunk(3, 2);
    Tensor q = split(parts[0]), k = split(parts[1]), v = split(parts[2]);
    Tensor scores = torch::matmul(q, k.transpose(-2, -1)) / std::sqrt(double(each));
    Tensor weights = torch::softmax(scores.masked_fill(mask, -1e9), -1);
    return l.out(torch::matmul(weights, v).transpose(1, 2).contiguous().view({batch, time, width}));
  }
  Tensor forward(const Tensor& index) {
    Tensor x = tokens(index) + positions(torch::arange(index.size(1)));
    for (Layer& l : layers) {
      x = x + attention(l, l.norm1(x));
      x = x + l.narrow(torch::gelu(l.wide(l.norm2(x))));
    }
    return head(last(x));
  }
};

double gpt_step() {
  Gpt net(4, 128, 4, 64, 65);
  optim::AdamW adamw(net.parameters(), 1e-3);
  Tensor x = torch::randint(0, 65, {8, 64}), y = torch::randint(0, 65, {8 * 64});
  return median_us([&] {
    adamw.zero_grad();
    torch::cross_entropy_loss(net.forward(x).view({-1, 65}), y).backward();
    adamw.step();
  });
}

double lstm() {
  nn::LSTM net(nn::LSTMOptions(128, 256));
  Tensor x = torch::rand({64, 32, 128});
  return median_us([&] {
    net->zero_grad();
    std::get<0>(net->forward(x)).sum().backward();
  });
}

struct ConvCase {
  const char* name;
  int64_t batch, in, size, out, kernel, stride;
};

/// Changes the weight, so that nothing kept of it from the last call counts.
void touch(const Tensor& w) {
  torch::NoGradGuard no_grad;
  w.view({-1})[0].add_(1e-6);
}

double conv_forward_us(const ConvCase& c) {
  torch::NoGradGuard no_grad;
  Tensor x = torch::rand({c.batch, c.in, c.size, c.size});
  Tensor w = torch::rand({c.out, c.in, c.kernel, c.kernel});
  return median_us([&] {
    touch(w);
    torch::conv2d(x, w, {}, c.stride, c.kernel / 2);
  });
}

double conv_both_us(const ConvCase& c) {
  Tensor x = torch::rand({c.batch, c.in, c.size, c.size}, torch::requires_grad());
  Tensor w = torch::rand({c.out, c.in, c.kernel, c.kernel}, torch::requires_grad());
  Tensor dy = torch::ones_like(torch::conv2d(x, w, {}, c.stride, c.kernel / 2));
  return median_us([&] {
    touch(w);
    torch::autograd::grad({torch::conv2d(x, w, {}, c.stride, c.kernel / 2)}, {x, w}, {dy});
  });
}

template <class F>
double without_grad_us(std::vector<int64_t> sizes, torch::Dtype dtype, F f) {
  torch::NoGradGuard no_grad;
  Tensor a = torch::rand(sizes, dtype), b = torch::rand(sizes, dtype);
  return median_us([&] { f(a, b); });
}

template <class F>
double with_backward_us(std::vector<int64_t> sizes, F loss) {
  Tensor x = torch::rand(sizes, torch::requires_grad());
  return median_us([&] {
    x.mutable_grad() = Tensor();
    loss(x).backward();
  });
}

double chain_us(bool backward) {
  Tensor x = torch::ones({1}, torch::requires_grad());
  return median_us([&] {
    Tensor y = x;
    for (int i = 0; i < 1000; ++i) y = y * x;
    x.mutable_grad() = Tensor();
    if (backward) y.backward();
  });
}

double batch_norm_us() {
  nn::BatchNorm2d norm(64);
  Tensor x = torch::rand({32, 64, 32, 32}, torch::requires_grad()), dy = torch::ones_like(x);
  return median_us([&] {
    norm->zero_grad();
    x.mutable_grad() = Tensor();
    norm(x).backward(dy);
  });
}

Tensor mm_of(const Tensor& a, const Tensor& b) { return a.mm(b); }
Tensor sum_of(const Tensor& a, const Tensor& b) { return a + b; }
Tensor tanh_of(const Tensor& a, const Tensor&) { return a.tanh(); }
Tensor columns_of(const Tensor& a, const Tensor&) { return a.sum(0); }
Tensor transposed(const Tensor& a, const Tensor&) { return a.t().contiguous(); }
Tensor gelu_chain(const Tensor& a) { return (torch::gelu(a) * a + a).tanh().sum(); }
Tensor softmax_loss(const Tensor& a) { return torch::softmax(a, 1).square().sum(); }
Tensor pool_loss(const Tensor& a) { return torch::max_pool2d(a, 2).sum(); }

std::vector<Row> network_rows() {
  return {{"digits_cnn_step_b64", digits_step},       {"digits_cnn_infer_b1", digits_infer},
          {"mlp_784_512_256_10_adam_b128", mlp_step}, {"resnet18_cifar_sgd_b16", resnet_step},
          {"fashion_cnn_adam_b64", fashion_step},     {"double_backward_mlp", double_backward},
          {"gpt_l4_d128_t64_adamw_b8", gpt_step},     {"lstm_h256_t64_b32", lstm}};
}

std::vector<Row> convolution_rows() {
  std::vector<Row> rows;
  for (const ConvCase& c :
       {ConvCase{"64x32x32_3x3", 32, 64, 32, 64, 3, 1},
        ConvCase{"256x8x8_3x3", 32, 256, 8, 256, 3, 1},
        ConvCase{"64to128_s2", 32, 64, 32, 128, 3, 2}, ConvCase{"1to32_28", 64, 1, 28, 32, 3, 1},
        ConvCase{"3to32_7x7_s2", 32, 3, 64, 32, 7, 2},
        ConvCase{"256x8x8_1x1", 32, 256, 8, 256, 1, 1}}) {
    std::string name = std::string("conv_") + c.name;
    rows.push_back({name + "_fwd", [c] { return conv_forward_us(c); }});
    rows.push_back({name + "_fwd_bwd", [c] { return conv_both_us(c); }});
  }
  return rows;
}

std::vector<Row> op_rows() {
  auto f32 = torch::kFloat32;
  return {{"scalar_chain_1000_fwd", [] { return chain_us(false); }},
          {"scalar_chain_1000_fwd_bwd", [] { return chain_us(true); }},
          {"matmul_64",
           [=] {
             return without_grad_us({64, 64}, f32, mm_of);
           }},
          {"matmul_1024",
           [=] {
             return without_grad_us({1024, 1024}, f32, mm_of);
           }},
          {"matmul_f64_512",
           [] {
             return without_grad_us({512, 512}, torch::kFloat64, mm_of);
           }},
          {"add_1e3", [=] { return without_grad_us({1000}, f32, sum_of); }},
          {"add_1e5", [=] { return without_grad_us({100000}, f32, sum_of); }},
          {"add_1e7", [=] { return without_grad_us({10000000}, f32, sum_of); }},
          {"tanh_1e6", [=] { return without_grad_us({1000000}, f32, tanh_of); }},
          {"gelu_chain_1e6_fwd_bwd", [] { return with_backward_us({1000000}, gelu_chain); }},
          {"sum_dim0_4096x1024",
           [=] {
             return without_grad_us({4096, 1024}, f32, columns_of);
           }},
          {"softmax_256x1000_fwd_bwd",
           [] {
             return with_backward_us({256, 1000}, softmax_loss);
           }},
          {"transpose_copy_2048",
           [=] {
             return without_grad_us({2048, 2048}, f32, transposed);
           }},
          {"batchnorm_32x64x32x32_fwd_bwd", batch_norm_us},
          {"maxpool_32x64x32x32_fwd_bwd", [] {
             return with_backward_us({32, 64, 32, 32}, pool_loss);
           }}};
}

}  // namespace

int main(int argc, char** argv) {
  torch::set_num_threads(2);
  torch::manual_seed(0);
  std::vector<Row> rows;
  for (auto part : {network_rows, convolution_rows, op_rows})
    for (Row& row : part()) rows.push_back(std::move(row));
  return bench::run_rows(rows, argc, argv);
}
