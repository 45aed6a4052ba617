#include "autograd/ops/reduce.h"

#include <cmath>

#include "autograd/kernels/sum.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

DimMask reduced_dims(std::string_view op, const Shape& dims, size_t ndim) {
  if (dims.empty()) return (DimMask(1) << ndim) - 1;
  DimMask reduced = 0;
  for (int64_t d : dims) {
    int64_t w = wrap_dim(op, d, ndim);
    if (ndim == 0) continue;
    if (kernels::has(reduced, size_t(w)))
      fail(op, "dimension {} twice in {}; expected each once", w, dims);
    reduced |= DimMask(1) << w;
  }
  return reduced;
}

Shape reduced_sizes(IntList sizes, DimMask reduced, bool keepdim) {
  Shape out;
  for (size_t d = 0; d < sizes.size(); ++d)
    if (!kernels::has(reduced, d))
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

void for_each_reduced(const Tensor& x, DimMask reduced,
                      const std::function<void(int64_t, double)>& fold) {
  for_each_index(x.sizes(), [&](const Shape& i) {
    int64_t slot = 0;
    for (size_t d = 0; d < i.size(); ++d)
      if (!kernels::has(reduced, d)) slot = slot * x.sizes()[d] + i[d];
    fold(slot, element_at(x, i));
  });
}

struct Sum {
  static constexpr OpInfo info{
      .name = "sum",
      .formula = "y = sum of x over dims",
      .grad = "dx = expand(dy, shape(x))",
      .doc = "Sum over dimensions (all of them by default); integers give int64"};
  Shape dims;
  bool keepdim = false;
  FIELDS(dims, keepdim)

  void infer(Inputs x, Specs& y) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    y.fresh(reduced_sizes(x[0].sizes(), reduced, keepdim),
            x[0].is_floating_point() ? x[0].dtype() : taper::info(x[0].dtype()).accumulator);
  }
  void forward(Inputs x, Outputs y) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    dispatch(x[0].dtype(), [&](auto t) {
      using T = decltype(t);
      using Y = std::conditional_t<std::is_floating_point_v<T>, T, accumulator_of<T>>;
      kernels::reduce<T, Y>(plain(x[0]), plain(y[0]), reduced, kernels::SumFold<T>(),
                            [](auto acc) { return Y(acc); });
    });
  }
  Tensor dx(Dy dy, InShape<0> s) const {
    return with_reduced_dims(dy, info.name, dims, keepdim, s).expand(s);
  }
  static constexpr auto grads = rules(&Sum::dx);
  Tensor reference(const tensor_list& x) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    Tensor y = zeros(reduced_sizes(x[0].sizes(), reduced, keepdim), {.dtype = float64});
    for_each_reduced(x[0], reduced,
                     [&](int64_t slot, double v) { y.data_ptr<double>()[slot] += v; });
    return y;
  }
  static std::vector<Sample> samples() {
    Sum all, one, two;
    one.dims = {-1};
    one.keepdim = true;
    two.dims = {0, 2};
    return {{{{{3, 4}}}, all},
            {{{{3, 4}}}, one},
            {{{{2, 3, 4}}}, two},
            {{{{}}}, all},
            {{{{2, 0}}}, one}};
  }
};

struct SumToSize {
  static constexpr OpInfo info{
      .name = "sum_to_size",
      .formula = "y = sum of x over the dimensions that `sizes` broadcasts",
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
    if (!fits)
      fail(info.name, "shape {} summed to {}; expected one that broadcasts to it", x.sizes(),
           sizes);
    return (dims.empty() ? x : x.sum(dims, true)).reshape(sizes);
  }
  static std::vector<Sample> samples() {
    return {{{{{2, 3, 4}}},
             "[3, 1]",
             [](auto& x) {
               return tensor_list{x[0].sum_to_size({3, 1})};
             },
             [](auto& x) {
               Tensor y = zeros({3, 1}, {.dtype = float64});
               for_each_index(x[0].sizes(), [&](const Shape& i) {
                 element_of(y, {i[1], 0}) += element_at(x[0], i);
               });
               return tensor_list{y};
             }}};
  }
};

struct Mean {
  static constexpr OpInfo info{.name = "mean",
                               .formula = "y = sum(x, dims) / number of elements",
                               .doc = "Mean over dimensions (all of them by default)"};
  static Tensor call(const Tensor& x, IntList dims, bool keepdim) {
    check_floating(info, x.dtype());
    Tensor y = x.sum(dims, keepdim);
    return y / (y.numel() ? double(x.numel()) / double(y.numel()) : 1.0);
  }
  static std::vector<Sample> samples() {
    auto slow = [](Shape dims, bool keepdim) {
      return [=](const tensor_list& x) { return tensor_list{reference(x[0], dims, keepdim)}; };
    };
    return {{{{{3, 4}}}, "all", [](auto& x) { return tensor_list{x[0].mean()}; }, slow({}, false)},
            {{{{3, 4}}},
             "dim 0",
             [](auto& x) { return tensor_list{x[0].mean(0, true)}; },
             slow({0}, true)}};
  }
  static Tensor reference(const Tensor& x, const Shape& dims, bool keepdim) {
    auto reduced = reduced_dims(info.name, dims, size_t(x.dim()));
    Tensor y = zeros(reduced_sizes(x.sizes(), reduced, keepdim), {.dtype = float64});
    std::vector<int64_t> count(size_t(y.numel()), 0);
    for_each_reduced(x, reduced, [&](int64_t slot, double v) {
      y.data_ptr<double>()[slot] += v;
      ++count[size_t(slot)];
    });
    for (int64_t i = 0; i < y.numel(); ++i) y.data_ptr<double>()[i] /= double(count[size_t(i)]);
    return y;
  }
};

struct Var {
  static constexpr OpInfo info{
      .name = "var",
      .formula = "y = sum((x - mean(x))^2, dims) / (number of elements - correction)",
      .doc =
          "Variance over dimensions (all of them by default); "
          "unbiased with correction 1, the default, biased with 0"};
  static Tensor call(const Tensor& x, IntList dims, int64_t correction, bool keepdim) {
    check_floating(info, x.dtype());
    Tensor mean = x.mean(dims, true);
    Tensor y = (x - mean).square().sum(dims, keepdim);
    int64_t count = mean.numel() ? x.numel() / mean.numel() : 0;
    return y / std::max(double(count) - double(correction), 0.0);
  }
  static std::vector<Sample> samples() {
    auto slow = [](Shape dims, double correction, bool keepdim) {
      return [=](const tensor_list& x) {
        return tensor_list{reference(x[0], dims, correction, keepdim)};
      };
    };
    return {
        {{{{3, 4}}}, "all", [](auto& x) { return tensor_list{x[0].var()}; }, slow({}, 1, false)},
        {{{{2, 3, 4}}},
         "dims 0 and 2, biased",
         [](auto& x) {
           return tensor_list{x[0].var({0, 2}, 0, true)};
         },
         slow({0, 2}, 0, true)}};
  }
  /// The mean distance of each pair: sum of (x_i - x_j)^2 over all pairs, both orders, is
  /// 2 n sum((x - mean)^2).
  static Tensor reference(const Tensor& x, const Shape& dims, double correction, bool keepdim) {
    auto reduced = reduced_dims(info.name, dims, size_t(x.dim()));
    Tensor y = zeros(reduced_sizes(x.sizes(), reduced, keepdim), {.dtype = float64});
    std::vector<std::vector<double>> groups(size_t(y.numel()));
    for_each_reduced(x, reduced,
                     [&](int64_t slot, double v) { groups[size_t(slot)].push_back(v); });
    for (size_t i = 0; i < groups.size(); ++i) {
      double sum = 0, n = double(groups[i].size());
      for (double a : groups[i])
        for (double b : groups[i]) sum += (a - b) * (a - b);
      y.data_ptr<double>()[i] = sum / (2 * n) / std::max(n - correction, 0.0);
    }
    return y;
  }
};

struct VarAll {
  static constexpr OpInfo info{
      .name = "var",
      .formula = "y = var(x, {}, unbiased)",
      .doc = "Variance of all elements, with n - 1 or n below the fraction"};
  static Tensor call(const Tensor& x, Flag unbiased) { return x.var({}, unbiased.value); }
  static std::vector<Sample> samples() {
    return {{{{{3, 4}}},
             "biased",
             [](auto& x) { return tensor_list{x[0].var(false)}; },
             [](auto& x) { return tensor_list{Var::reference(x[0], {}, 0, false)}; }}};
  }
};

struct Logsumexp {
  static constexpr OpInfo info{
      .name = "logsumexp",
      .formula = "y = log(sum(exp(x), dims))",
      .grad = "dx = dy exp(x - y)",
      .doc = "Logarithm of the sum of exponentials over dimensions, without overflow"};
  Shape dims;
  bool keepdim = false;
  FIELDS(dims, keepdim)

  static Tensor call(const Tensor& x, IntList dims, bool keepdim) {
    Logsumexp op;
    op.dims = dims;
    op.keepdim = keepdim;
    return apply(op, x.is_floating_point() ? x : x.to(get_default_dtype()));
  }
  void infer(Inputs x, Specs& y) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    y.fresh(reduced_sizes(x[0].sizes(), reduced, keepdim), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    dispatch_floating(x[0].dtype(), [&](auto t) {
      using T = decltype(t);
      kernels::reduce<T, T>(plain(x[0]), plain(y[0]), reduced, Exponentials<T>(),
                            [](const auto& s) { return T(s.max + std::log(s.sum)); });
    });
  }
  Tensor dx(Dy dy, X x, Y y) const {
    auto kept = [&](const Tensor& t) {
      return with_reduced_dims(t, info.name, dims, keepdim, x.sizes());
    };
    return kept(dy) * (x - kept(y)).exp();
  }
  static constexpr auto grads = rules(&Logsumexp::dx);
  Tensor reference(const tensor_list& x) const {
    auto reduced = reduced_dims(info.name, dims, size_t(x[0].dim()));
    Tensor y = zeros(reduced_sizes(x[0].sizes(), reduced, keepdim), {.dtype = float64});
    double* sums = y.data_ptr<double>();
    for_each_reduced(x[0], reduced, [&](int64_t slot, double v) { sums[slot] += std::exp(v); });
    for (int64_t i = 0; i < y.numel(); ++i) sums[i] = std::log(sums[i]);
    return y;
  }
  static std::vector<Sample> samples() {
    Logsumexp all, one, two;
    one.dims = {-1};
    one.keepdim = true;
    two.dims = {0, 2};
    auto by = [](Shape sizes, const Logsumexp& op) {
      return Sample({{sizes}}, op, [op](const tensor_list& x) {
        return tensor_list{x[0].logsumexp(op.dims, op.keepdim)};
      });
    };
    return {by({3, 4}, all), by({3, 4}, one), by({2, 3, 4}, two), by({}, all)};
  }

 private:
  /// The largest element so far, and the sum of exp(element - largest).
  template <class Number>
  struct Sums {
    Number max = -std::numeric_limits<Number>::infinity();
    Number sum = 0;

    void add(Number v, Number times) {
      if (v == max) {  // infinite ones too
        sum += times;
      } else if (v < max) {
        sum += times * std::exp(v - max);
      } else {  // or NaN, which stays
        sum = sum * std::exp(max - v) + times;
        max = v;
      }
    }
  };
  template <class T>
  struct Exponentials {
    using Acc = Sums<accumulator_of<T>>;
    Acc init() const { return {}; }
    void run(Acc& acc, const T* x, int64_t n, int64_t step) const {
      for (int64_t i = 0; i < n; ++i) acc.add(x[i * step], 1);
    }
    void rows(Acc* acc, const T* x, int64_t rows, int64_t step, int64_t n, int64_t apart) const {
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t j = 0; j < n; ++j) acc[j].add(x[r * step + j * apart], 1);
    }
    void merge(Acc& acc, const Acc& other) const {
      if (other.sum != 0) acc.add(other.max, other.sum);  // NaN too
    }
  };
};

/// y, boolean, in LibTorch's type: uint8 where x is.
static Tensor as_truth(const Tensor& y, const Tensor& x) {
  return x.dtype() == uint8 ? y.to(uint8) : y;
}

struct Any {
  static constexpr OpInfo info{
      .name = "any",
      .formula = "y = whether any of x over dims is not 0",
      .doc = "Whether any element over dimensions (all of them by default) is not 0"};
  static Tensor call(const Tensor& x, IntList dims, bool keepdim) {
    return as_truth((x != 0).sum(dims, keepdim) > 0, x);
  }
  static std::vector<Sample> samples() {
    return {{{{{3, 4}, 0, 2, int64}},
             "rows",
             [](auto& x) { return tensor_list{x[0].any(1)}; },
             [](auto& x) {
               return tensor_list{tabulate(x[0].size(0), boolean, [&](auto& i) {
                 double any = 0;
                 for (int64_t j = 0; j < x[0].size(1); ++j) any += element_at(x[0], {i[0], j});
                 return any > 0;
               })};
             }}};
  }
};

struct All {
  static constexpr OpInfo info{
      .name = "all",
      .formula = "y = whether all of x over dims are not 0",
      .doc = "Whether all elements over dimensions (all of them by default) are not 0"};
  static Tensor call(const Tensor& x, IntList dims, bool keepdim) {
    return as_truth((x == 0).sum(dims, keepdim) == 0, x);
  }
  static std::vector<Sample> samples() {
    return {{{{{3, 4}, 0, 2, int64}},
             "rows",
             [](auto& x) { return tensor_list{x[0].all(1)}; },
             [](auto& x) {
               return tensor_list{tabulate(x[0].size(0), boolean, [&](auto& i) {
                 double all = 1;
                 for (int64_t j = 0; j < x[0].size(1); ++j) all *= element_at(x[0], {i[0], j});
                 return all > 0;
               })};
             }}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/reduce.def"
#include "autograd/ops/define.h"
