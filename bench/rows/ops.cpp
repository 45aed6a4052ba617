#include <taper.h>

#include "bench/rows/rows.h"

using namespace taper;

namespace bench {

namespace {

/// f(x, y) with the result readable.
template <class F>
double without_grad_us(IntList sizes, Dtype dtype, F f) {
  NoGradGuard no_grad;
  Tensor a = rand(sizes, {.dtype = dtype}), b = rand(sizes, {.dtype = dtype});
  return median_us([&] { f(a, b).data_ptr(); });
}

/// Forward and backward of a loss of x.
template <class F>
double with_backward_us(IntList sizes, F loss) {
  Tensor x = rand(sizes, {.requires_grad = true});
  return median_us([&] {
    x.mutable_grad() = Tensor();
    loss(x).backward();
    x.grad().data_ptr();
  });
}

double chain_us(bool backward) {
  Tensor x = ones({1}, {.requires_grad = true});
  return median_us([&] {
    Tensor y = x;
    for (int i = 0; i < 1000; ++i) y = y * x;
    x.mutable_grad() = Tensor();
    if (backward) y.backward();
  });
}

double batch_norm_us() {
  nn::BatchNorm2d norm({.num_features = 64});
  Tensor x = rand({32, 64, 32, 32}, {.requires_grad = true}), dy = ones_like(x);
  return median_us([&] {
    norm.zero_grad();
    x.mutable_grad() = Tensor();
    norm(x).backward(dy);
    x.grad().data_ptr();
  });
}

Tensor mm_of(const Tensor& a, const Tensor& b) { return a.mm(b); }
Tensor sum_of(const Tensor& a, const Tensor& b) { return a + b; }

}  // namespace

std::vector<Row> op_rows() {
  auto tanh_of = [](const Tensor& a, const Tensor&) { return a.tanh(); };
  auto columns_of = [](const Tensor& a, const Tensor&) { return a.sum(0); };
  auto transposed = [](const Tensor& a, const Tensor&) { return a.t().contiguous(); };
  auto gelu_chain = [](const Tensor& a) { return (gelu(a) * a + a).tanh().sum(); };
  auto softmax_loss = [](const Tensor& a) { return softmax(a, 1).square().sum(); };
  auto pool_loss = [](const Tensor& a) { return max_pool2d(a, 2).sum(); };
  return {{"scalar_chain_1000_fwd", [] { return chain_us(false); }},
          {"scalar_chain_1000_fwd_bwd", [] { return chain_us(true); }},
          {"matmul_64",
           [] {
             return without_grad_us({64, 64}, float32, mm_of);
           }},
          {"matmul_1024",
           [] {
             return without_grad_us({1024, 1024}, float32, mm_of);
           }},
          {"matmul_f64_512",
           [] {
             return without_grad_us({512, 512}, float64, mm_of);
           }},
          {"add_1e3", [] { return without_grad_us({1000}, float32, sum_of); }},
          {"add_1e5", [] { return without_grad_us({100000}, float32, sum_of); }},
          {"add_1e7", [] { return without_grad_us({10000000}, float32, sum_of); }},
          {"tanh_1e6", [=] { return without_grad_us({1000000}, float32, tanh_of); }},
          {"gelu_chain_1e6_fwd_bwd", [=] { return with_backward_us({1000000}, gelu_chain); }},
          {"sum_dim0_4096x1024",
           [=] {
             return without_grad_us({4096, 1024}, float32, columns_of);
           }},
          {"softmax_256x1000_fwd_bwd",
           [=] {
             return with_backward_us({256, 1000}, softmax_loss);
           }},
          {"transpose_copy_2048",
           [=] {
             return without_grad_us({2048, 2048}, float32, transposed);
           }},
          {"batchnorm_32x64x32x32_fwd_bwd", batch_norm_us},
          {"maxpool_32x64x32x32_fwd_bwd", [=] {
             return with_backward_us({32, 64, 32, 32}, pool_loss);
           }}};
}

}  // namespace bench
