#include "autograd/ops/reduce.h"

#include "autograd/kernels/reduce.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

std::vector<bool> reduced_dims(std::string_view op, const Shape& dims, size_t ndim) {
  std::vector<bool> reduced(ndim, dims.empty());
  for (int64_t d : dims) {
    int64_t w = wrap_dim(op, d, ndim);
    if (ndim == 0) continue;
    if (reduced[size_t(w)]) fail(op, "dimension {} appears twice in {}", w, dims);
    reduced[size_t(w)] = true;
  }
  return reduced;
}

Shape reduced_sizes(IntList sizes, const std::vector<bool>& reduced, bool keepdim) {
  Shape out;
  for (size_t d = 0; d < sizes.size(); ++d)
    if (!reduced[d])
      out.push_back(sizes[d]);
    else if (keepdim)
      out.push_back(1);
  return out;
}

Tensor with_reduced_dims(const Tensor& y, std::string_view op, const Shape& dims, bool keepdim,
                         IntList x_sizes) {
  if (keepdim) return y;
  return y.reshape(reduced_sizes(x_sizes, reduced_dims(op, dims, x_sizes.size()), true));
}

void for_each_reduced(const Tensor& x, const std::vector<bool>& reduced,
                      const std::function<void(int64_t, double, int64_t)>& fold) {
  Buffer b = plain(x);
  for (int64_t flat = 0; flat < b.numel; ++flat) {
    int64_t rest = flat, at = 0, slot = 0, slots = 1;
    for (size_t d = b.sizes.size(); d-- > 0; rest /= b.sizes[d]) {
      int64_t i = rest % b.sizes[d];
      at += i * b.strides[d];
      if (reduced[d]) continue;
      slot += i * slots;
      slots *= b.sizes[d];
    }
    fold(slot, dispatch(b.dtype, [&](auto t) { return double(b.as<decltype(t)>()[at]); }), flat);
  }
}

struct Sum {
  static constexpr OpInfo info{.name = "sum",
                               .formula = "y = sum of x over dims",
                               .grad = "dx = expand(dy, shape(x))",
                               .doc = "Sum over dimensions (all of them by default); integers give int64"};
  Shape dims;
  bool keepdim = false;
  FIELDS(dims, keepdim)

  void infer(Inputs x, Specs& y) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    y.fresh(reduced_sizes(x[0].sizes(), reduced, keepdim),
            x[0].is_floating_point() ? x[0].dtype() : int64);
  }
  void forward(Inputs x, Outputs y) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    dispatch(x[0].dtype(), [&](auto t) {
      using T = decltype(t);
      using Acc = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
      using Y = std::conditional_t<std::is_floating_point_v<T>, T, int64_t>;
      kernels::reduce<T, Acc, Y>(
          plain(x[0]), plain(y[0]), reduced, Acc(0), [](Acc& acc, T v) { acc += Acc(v); },
          [](Acc acc) { return Y(acc); });
    });
  }
  Tensor dx(Dy dy, InShape<0> s) const {
    return with_reduced_dims(dy, info.name, dims, keepdim, s).expand(s);
  }
  static constexpr auto grads = rules(&Sum::dx);
  Tensor reference(const tensor_list& x) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    Tensor y = zeros(reduced_sizes(x[0].sizes(), reduced, keepdim), {.dtype = float64});
    for_each_reduced(x[0], reduced, [&](int64_t slot, double v, int64_t) { y.data_ptr<double>()[slot] += v; });
    return y;
  }
  static std::vector<Sample> samples() {
    Sum all, one, two;
    one.dims = {-1};
    one.keepdim = true;
    two.dims = {0, 2};
    return {{{{{3, 4}}}, all}, {{{{3, 4}}}, one}, {{{{2, 3, 4}}}, two}, {{{{}}}, all}, {{{{2, 0}}}, one}};
  }
};

struct SumToSize {
  static constexpr OpInfo info{.name = "sum_to_size", .formula = "y = sum of x over the dimensions that `sizes` broadcasts",
                               .doc = "Undoes a broadcast from sizes by summing"};
  static Tensor call(const Tensor& x, IntList sizes) {
    if (x.sizes() == sizes) return x;
    Shape dims;
    int64_t lead = x.dim() - int64_t(sizes.size());
    bool fits = lead >= 0;
    for (int64_t d = 0; fits && d < x.dim(); ++d) {
      if (d < lead || (sizes[size_t(d - lead)] == 1 && x.size(d) != 1))
        dims.push_back(d);
      else
        fits = sizes[size_t(d - lead)] == x.size(d);
    }
    if (!fits) fail(info.name, "shape {} is no broadcast of {}", x.sizes(), sizes);
    return (dims.empty() ? x : x.sum(dims, true)).reshape(sizes);
  }
  static std::vector<Sample> samples() {
    return {{{{{2, 3, 4}}}, "[3, 1]", [](auto& x) { return tensor_list{x[0].sum_to_size({3, 1})}; }}};
  }
};

struct Mean {
  static constexpr OpInfo info{.name = "mean", .formula = "y = sum(x, dims) / number of elements",
                               .doc = "Mean over dimensions (all of them by default)"};
  static Tensor call(const Tensor& x, IntList dims, bool keepdim) {
    if (!x.is_floating_point())
      fail(info.name, "the tensor is {}; expected a floating type", x.dtype());
    Tensor y = x.sum(dims, keepdim);
    return y / (y.numel() ? double(x.numel()) / double(y.numel()) : 1.0);
  }
  static std::vector<Sample> samples() {
    return {{{{{3, 4}}}, "all", [](auto& x) { return tensor_list{x[0].mean()}; }},
            {{{{3, 4}}}, "dim 0", [](auto& x) { return tensor_list{x[0].mean(0, true)}; }}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/reduce.def"
#include "autograd/ops/define.h"
