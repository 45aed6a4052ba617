// Tensors whose memory lies in blocks: what ops keep there, and that nobody notices.

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/blocks.h"
#include "autograd/tensor/factories.h"
#include "tests/support/max_difference.h"

using namespace taper;
using taper::test::max_difference;

namespace {

/// A tensor in blocks beside its values in plain memory.
struct Pair {
  Tensor plain, blocks;

  explicit Pair(const Shape& sizes = {2, 32, 3, 5}, int64_t block = 16)
      : Pair(randn(sizes), block) {}
  Pair(const Tensor& values, int64_t block) : plain(values), blocks(in_blocks(block)) {}
  Tensor in_blocks(int64_t block = 16) const { return copied_to_blocks(plain, block); }
};

bool same(const Tensor& a, const Tensor& b) { return max_difference(a, b) == 0; }

/// Whether f keeps blocks and gives what it gives for plain memory.
template <class F>
void check_kept(const F& f) {
  Pair x;
  Tensor y = f(x.blocks);
  BOOST_TEST(block_of(y) == 16);
  BOOST_TEST(block_of(x.blocks) == 16);
  BOOST_TEST(same(y, f(x.plain)));
}

BOOST_AUTO_TEST_SUITE(blocks)

BOOST_AUTO_TEST_CASE(elements_come_back_in_order) {
  for (int64_t block : {1, 4, 8, 16})
    for (Dtype type : {float32, float64, int64, boolean})
      for (const Shape& sizes : {Shape{3, 16, 7, 5},
                                 {1, 48, 1, 1},
                                 {2, 16},
                                 {4, 32, 33},
                                 {2, 16, 9, 9},
                                 {2, 16, 2, 2}}) {
        Tensor x = (randn(sizes) * 10).to(type), y = copied_to_blocks(x, block);
        BOOST_TEST(block_of(y) == block);
        BOOST_TEST(same(x, y));
        BOOST_TEST(block_of(y) == 0);
      }
}

BOOST_AUTO_TEST_CASE(pointwise_ops_stay_in_blocks) {
  check_kept([](const Tensor& x) { return relu(x); });
  check_kept([](const Tensor& x) { return tanh(x * 2 + 1); });
  check_kept([](const Tensor& x) { return x + x; });
  check_kept([](const Tensor& x) { return where(x <= 0, 0, x); });
  check_kept([](const Tensor& x) { return x < 0.5; });
  check_kept([](const Tensor& x) { return x.clamp(-1, 1).detach(); });
  check_kept([](const Tensor& x) { return x + full(x.sizes(), 2); });
  check_kept([](const Tensor& x) { return full(x.sizes(), 2) - x; });
  check_kept([](const Tensor& x) { return (x + 0).mul_(3).add_(full(x.sizes(), 1)); });
}

BOOST_AUTO_TEST_CASE(other_ops_and_other_shapes_read_plain_memory) {
  Pair x;
  Tensor row = randn({5}), more = randn({3, 2, 32, 3, 5});
  BOOST_TEST(same(x.blocks + row, x.plain + row));
  for (auto f : {+[](const Tensor& t) { return t.sum({1}); },
                 +[](const Tensor& t) { return t.transpose(1, 3).contiguous(); },
                 +[](const Tensor& t) {
                   return t.view({2, 480}) * 2;
                 },
                 +[](const Tensor& t) { return t.narrow(1, 3, 16) * 2; },
                 +[](const Tensor& t) { return t[1] * 2; }}) {
    Pair y;
    BOOST_TEST(same(f(y.blocks), f(y.plain)));
  }
  BOOST_TEST(same(x.in_blocks() + more, x.plain + more));
}

BOOST_AUTO_TEST_CASE(users_see_plain_memory) {
  Pair x;
  auto values = x.blocks.accessor<float, 4>();
  BOOST_TEST(values[1][17][2][3] == (x.plain.accessor<float, 4>()[1][17][2][3]));
  BOOST_TEST(x.in_blocks().strides() == x.plain.strides());
  BOOST_TEST(x.in_blocks().is_contiguous());
  Pair y;
  BOOST_TEST(y.blocks[1][20][1][1].item<float>() == y.plain[1][20][1][1].item<float>());
  Pair z;
  std::ostringstream plain, blocks;
  plain << z.plain;
  blocks << z.blocks;
  BOOST_TEST(plain.str() == blocks.str());
}

BOOST_AUTO_TEST_CASE(a_pointer_shows_later_writes) {
  Pair x;
  float* data = x.blocks.data_ptr<float>();
  data[7] = 42;
  BOOST_TEST((x.blocks * 1).data_ptr<float>()[7] == 42);
  x.blocks.add_(1);
  BOOST_TEST(data[7] == 43);
}

BOOST_AUTO_TEST_CASE(views_and_aliases_share_writes) {
  Pair x;
  Tensor view = x.blocks.view({2, -1}), alias = x.blocks.detach(), part = x.blocks[1];
  x.blocks.mul_(2);  // in blocks
  BOOST_TEST(block_of(x.blocks) == 16);
  BOOST_TEST(block_of(alias) == 16);
  BOOST_TEST(block_of(view) == 0);
  BOOST_TEST(same(view, x.plain.view({2, -1}) * 2));
  BOOST_TEST(block_of(alias) == 0);
  part.add_(1);
  BOOST_TEST(same(alias[1], x.plain[1] * 2 + 1));
  alias.zero_();
  BOOST_TEST(view.abs().sum().item<float>() == 0);
}

BOOST_AUTO_TEST_CASE(a_write_through_a_view_comes_first) {
  Pair x;
  x.blocks[1].zero_();
  BOOST_TEST(block_of(x.blocks) == 0);
  BOOST_TEST(same(x.blocks[0], x.plain[0]));
  BOOST_TEST(x.blocks[1].abs().sum().item<float>() == 0);
}

/// A convolution, batch norm, relu and an addition around them.
Tensor block_of_layers(const Tensor& x, const Tensor& w, const Tensor& scale) {
  Tensor y = conv2d(x, w, {}, {.padding = 1});
  return relu(batch_norm(y, scale, scale, {}, {}, true) + y);
}

BOOST_AUTO_TEST_CASE(a_network_in_float32_follows_float64) {
  Tensor x = randn({2, 32, 9, 7}), w = randn({32, 32, 3, 3}) / 17, scale = rand({32}) + 0.5;
  auto run = [&](Dtype type) {
    tensor_list in{x.to(type), w.to(type), scale.to(type)};
    for (Tensor& t : in) t = t.detach().requires_grad_();
    Tensor y = block_of_layers(block_of_layers(in[0], in[1], in[2]), in[1], in[2]);
    tensor_list first = grad({y}, in, {ones_like(y)}, {.create_graph = true});
    Tensor sum = first[0].square().sum() + first[1].square().sum();
    tensor_list out = grad({sum}, in);
    out.insert(out.end(), first.begin(), first.end());
    out.push_back(y);
    return out;
  };
  tensor_list single = run(float32), exact = run(float64);
  for (size_t i = 0; i < exact.size(); ++i) {
    double largest = exact[i].abs().max().item<double>();
    BOOST_TEST(max_difference(single[i].to(float64), exact[i]) <= 1e-3 * largest, "value " << i);
  }
}

BOOST_AUTO_TEST_CASE(batch_norm_in_blocks_is_that_in_plain_memory) {
  for (int64_t block : {8, 16})
    for (bool training : {true, false}) {
      Pair x({3, 32, 5, 7}, block), dy({3, 32, 5, 7}, block);
      Tensor w = rand({32}), b = randn({32});
      auto run = [&](const Tensor& in, const Tensor& g) {
        Tensor mean = zeros({32}), var = ones({32}), leaf = in.detach().requires_grad_();
        Tensor weight = w.detach().requires_grad_();
        Tensor y = batch_norm(leaf, weight, b, mean, var, training);
        tensor_list out = grad({y}, {leaf, weight}, {g});
        BOOST_TEST((block_of(y) == block_of(in) && block_of(out[0]) == block_of(in)));
        return tensor_list{y, out[0], out[1], mean, var};
      };
      tensor_list plain = run(x.plain, dy.plain), blocks = run(x.blocks, dy.blocks),
                  mixed = run(x.in_blocks(block), dy.plain);
      for (size_t i = 0; i < plain.size(); ++i) {
        BOOST_TEST(max_difference(plain[i], blocks[i]) < 2e-5, "value " << i);
        BOOST_TEST(same(mixed[i], blocks[i]), "value " << i);
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
