#include <taper.h>

#include <cmath>

#include "bench/rows/rows.h"

using namespace taper;

namespace bench {

namespace {

nn::Linear linear(int64_t in, int64_t out) {
  return nn::Linear({.in_features = in, .out_features = out});
}
nn::LayerNorm norm(int64_t width) { return nn::LayerNorm({.normalized_shape = {width}}); }
nn::Embedding embedding(int64_t count, int64_t width) {
  return nn::Embedding({.num_embeddings = count, .embedding_dim = width});
}

struct Attention : nn::Layer<Attention> {
  int64_t heads;
  nn::Linear qkv, out;

  Attention(int64_t width, int64_t head_count)
      : heads(head_count),
        qkv(register_module("qkv", linear(width, 3 * width))),
        out(register_module("out", linear(width, width))) {}

  /// x: [B, T, width]; mask: true where a position may not look.
  Tensor forward(const Tensor& x, const Tensor& mask) {
    int64_t batch = x.size(0), time = x.size(1), width = x.size(2), each = width / heads;
    auto split = [&](const Tensor& t) {
      return t.view({batch, time, heads, each}).transpose(1, 2);
    };
    tensor_list parts = qkv(x).chunk(3, 2);
    Tensor q = split(parts[0]), k = split(parts[1]), v = split(parts[2]);
    Tensor scores = q.matmul(k.transpose(-2, -1)) / std::sqrt(double(each));
    Tensor weights = softmax(scores.masked_fill(mask, -1e9), -1);
    return out(weights.matmul(v).transpose(1, 2).contiguous().view({batch, time, width}));
  }
};

struct TransformerBlock : nn::Layer<TransformerBlock> {
  nn::LayerNorm norm1, norm2;
  Attention attention;
  nn::Linear wide, narrow;

  TransformerBlock(int64_t width, int64_t heads)
      : norm1(register_module("norm1", norm(width))),
        norm2(register_module("norm2", norm(width))),
        attention(register_module("attention", Attention(width, heads))),
        wide(register_module("wide", linear(width, 4 * width))),
        narrow(register_module("narrow", linear(4 * width, width))) {}

  Tensor forward(const Tensor& x, const Tensor& mask) {
    Tensor y = x + attention(norm1(x), mask);
    return y + narrow(gelu(wide(norm2(y))));
  }
};

struct Gpt : nn::Layer<Gpt> {
  nn::Embedding tokens, positions;
  std::vector<TransformerBlock> blocks;
  nn::LayerNorm last;
  nn::Linear head;
  Tensor mask;

  Gpt(int64_t depth, int64_t width, int64_t heads, int64_t time, int64_t vocabulary)
      : tokens(register_module("tokens", embedding(vocabulary, width))),
        positions(register_module("positions", embedding(time, width))),
        last(register_module("last", norm(width))),
        head(register_module("head", linear(width, vocabulary))),
        mask(ones({time, time}).triu(1).to(boolean)) {
    for (int64_t i = 0; i < depth; ++i)
      blocks.push_back(
          register_module("block" + std::to_string(i), TransformerBlock(width, heads)));
  }
  Tensor forward(const Tensor& index) {
    Tensor x = tokens(index) + positions(arange(index.size(1)));
    for (const TransformerBlock& block : blocks) x = block(x, mask);
    return head(last(x));
  }
};

double gpt_step() {
  Gpt net(4, 128, 4, 64, 65);
  optim::AdamW adamw(net.parameters(), {.lr = 1e-3});
  Tensor x = randint(0, 65, {8, 64}), y = randint(0, 65, {512});
  return median_us([&] {
    adamw.zero_grad();
    cross_entropy(net(x).view({-1, 65}), y).backward();
    adamw.step();
  });
}

double lstm() {
  nn::LSTM net({.input_size = 128, .hidden_size = 256});
  Tensor x = rand({64, 32, 128});
  return median_us([&] {
    net.zero_grad();
    std::get<0>(net(x)).sum().backward();
  });
}

}  // namespace

std::vector<Row> sequence_rows() {
  return {{"gpt_l4_d128_t64_adamw_b8", gpt_step}, {"lstm_h256_t64_b32", lstm}};
}

}  // namespace bench
