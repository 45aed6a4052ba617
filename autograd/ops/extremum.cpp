#include <cmath>

#include "autograd/kernels/extremum.h"

#include "autograd/ops/reduce.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

static void check_not_empty(const OpInfo& info, IntList sizes, DimMask reduced) {
  for (size_t d = 0; d < sizes.size(); ++d)
    if (kernels::has(reduced, d) && sizes[d] == 0)
      fail_index(info.name, "dimension {} of shape {} is empty; expected at least one element", d,
                 sizes);
}

template <class Self>
static void run_extremum(const Tensor& x, const Tensor& values, const Tensor& indices,
                         DimMask reduced) {
  dispatch(x.dtype(), [&](auto t) {
    kernels::extremum<Self::largest, decltype(t)>(plain(x), plain(values), plain(indices), reduced);
  });
}

/// values and places of the best elements, read one by one in double.
template <class Self>
static tensor_list extremum_reference(const Tensor& x, const Shape& dims, bool keepdim) {
  auto reduced = reduced_dims(Self::info.name, dims, size_t(x.dim()));
  Shape out = reduced_sizes(x.sizes(), reduced, keepdim);
  Tensor y = empty(out, {.dtype = float64}), index = full(out, -1);
  std::vector<int64_t> seen(size_t(y.numel()), 0);
  double* best = y.data_ptr<double>();
  int64_t* where = index.data_ptr<int64_t>();
  for_each_reduced(x, reduced, [&](int64_t slot, double v) {
    int64_t n = seen[size_t(slot)]++;
    bool better = Self::largest ? v > best[slot] : v < best[slot];
    if (n > 0 && !better) return;
    best[slot] = v;
    where[slot] = n;
  });
  return {y, index};
}

/// Base of amax and amin: over several dimensions, equal ones share the gradient.
template <class Self>
struct ExtremumOver {
  Shape dims;
  bool keepdim = false;
  FIELDS(dims, keepdim)

  void infer(Inputs x, Specs& y) const {
    auto reduced = reduced_dims(Self::info.name, dims, size_t(x[0].dim()));
    check_not_empty(Self::info, x[0].sizes(), reduced);
    y.fresh(reduced_sizes(x[0].sizes(), reduced, keepdim), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    run_extremum<Self>(x[0], y[0], {}, reduced_dims(Self::info.name, dims, size_t(x[0].dim())));
  }
  Tensor dx(Dy dy, X x, Y y) const {
    auto kept = [&](const Tensor& t) {
      return with_reduced_dims(t, Self::info.name, dims, keepdim, x.sizes());
    };
    Tensor best = (x == kept(y)) + (x != x);  // NaN wins
    return where(best, kept(dy) / best.sum(dims, true), 0);
  }
  static constexpr auto grads = rules(&ExtremumOver::dx);
  Tensor reference(const tensor_list& x) const {
    return extremum_reference<Self>(x[0], dims, keepdim)[0];
  }
  static std::vector<Sample> samples() {
    Self all, one, two, rows;
    one.dims = {-1};
    one.keepdim = true;
    two.dims = {0, 2};
    rows.dims = {0};
    auto twice = [](const tensor_list& x) {
      return tensor_list{call<Self>(cat({x[0], x[0]}), IntList(0), false)};
    };
    auto slow = [rows](const tensor_list& x) { return tensor_list{rows.reference(x)}; };
    return {{{{{3, 4}}}, all}, {{{{3, 4}}}, one}, {{{{2, 3, 4}}}, two},
            {{{{}}}, all},     {{{{0, 2}}}, one}, {{{{3, 4}}}, "each twice", twice, slow}};
  }
};

/// Base of max and min along a dimension: values and indices; the first of equal ones gets the
/// gradient.
template <class Self>
struct ExtremumAlong {
  static constexpr int outputs = 2;
  int64_t dim = 0;
  bool keepdim = false;
  FIELDS(dim, keepdim)

  static TensorPair call(const Tensor& x, int64_t dim, bool keepdim) {
    Self op;
    op.dim = wrap_dim(Self::info.name, dim, size_t(x.dim()));
    op.keepdim = keepdim;
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    auto reduced = reduced_dims(Self::info.name, {dim}, size_t(x[0].dim()));
    check_not_empty(Self::info, x[0].sizes(), reduced);
    Shape out = reduced_sizes(x[0].sizes(), reduced, keepdim);
    y.fresh(out, x[0].dtype());
    y.fresh(out, int64).differentiable = false;
  }
  void forward(Inputs x, Outputs y) const {
    run_extremum<Self>(x[0], y[0], y[1], reduced_dims(Self::info.name, {dim}, size_t(x[0].dim())));
  }
  Tensor dx(Dy dy, Out<1> index, InShape<0> s) const {
    if (s.empty() || keepdim) return embed_at(dy, dim, index, s);
    return embed_at(dy.unsqueeze(dim), dim, index.unsqueeze(dim), s);
  }
  static constexpr auto grads = rules(&ExtremumAlong::dx);
  tensor_list reference(const tensor_list& x) const {
    return extremum_reference<Self>(x[0], {dim}, keepdim);
  }
  static std::vector<Sample> samples() {
    Self rows, columns;
    columns.dim = 1;
    columns.keepdim = true;
    return {{{{{3, 4}}}, rows}, {{{{2, 3, 4}}}, columns}, {{{{}}}, rows}, {{{{2, 0}}}, rows}};
  }
};

/// Base of argmax and argmin: of a dimension, or of all elements counted in row-major order.
template <class Self>
struct ExtremumPlace {
  Shape dims;  ///< one, or none for all
  bool keepdim = false;
  FIELDS(dims, keepdim)

  static Tensor call(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    Self op;
    if (dim) op.dims = {wrap_dim(Self::info.name, *dim, size_t(x.dim()))};
    op.keepdim = keepdim;
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    auto reduced = reduced_dims(Self::info.name, dims, size_t(x[0].dim()));
    check_not_empty(Self::info, x[0].sizes(), reduced);
    y.fresh(reduced_sizes(x[0].sizes(), reduced, keepdim), int64);
  }
  void forward(Inputs x, Outputs y) const {
    run_extremum<Self>(x[0], {}, y[0], reduced_dims(Self::info.name, dims, size_t(x[0].dim())));
  }
  Tensor reference(const tensor_list& x) const {
    return extremum_reference<Self>(x[0], dims, keepdim)[1];
  }
  static std::vector<Sample> samples() {
    Self all, one;
    one.dims = {1};
    return {{{{{3, 4}}}, all}, {{{{2, 3, 4}}}, one}};
  }
};

// clang-format off
#define EXTREMUM(S, Base, f, is_largest, ...)               \
  struct S : Base<S> {                                      \
    static constexpr OpInfo info{.name = #f, __VA_ARGS__};  \
    static constexpr bool largest = is_largest;             \
  };
EXTREMUM(Amax, ExtremumOver, amax, true,
         .formula = "y = max of x over dims", .grad = "dx = dy (x == y) / number of equal ones",
         .doc = "Largest element over dimensions (all by default); equal ones share the gradient")
EXTREMUM(Amin, ExtremumOver, amin, false,
         .formula = "y = min of x over dims", .grad = "dx = dy (x == y) / number of equal ones",
         .doc = "Smallest element over dimensions (all by default); equal ones share the gradient")
EXTREMUM(MaxAlong, ExtremumAlong, max, true,
         .formula = "y, index = max of x along dim, the first one",
         .grad = "dx = embed_at(dy, dim, index, shape(x))",
         .doc = "Largest element along a dimension and its index; a NaN counts as the largest")
EXTREMUM(MinAlong, ExtremumAlong, min, false,
         .formula = "y, index = min of x along dim, the first one",
         .grad = "dx = embed_at(dy, dim, index, shape(x))",
         .doc = "Smallest element along a dimension and its index; a NaN counts as the smallest")
EXTREMUM(Argmax, ExtremumPlace, argmax, true,
         .formula = "y = index of the first max of x along dim",
         .doc = "Index of the largest element along a dimension; without one, in all elements")
EXTREMUM(Argmin, ExtremumPlace, argmin, false,
         .formula = "y = index of the first min of x along dim",
         .doc = "Index of the smallest element along a dimension; without one, in all elements")
#undef EXTREMUM
// clang-format on

/// Base of max and min of all elements, as amax and amin, which is Over, have them.
template <class Self, class Over>
struct ExtremumOfAll {
  static Tensor call(const Tensor& x) {
    if (x.numel() == 0)
      fail(Self::info.name, "a tensor of shape {} has no elements; expected at least one",
           x.sizes());
    return apply(Over{}, x);
  }
  static std::vector<Sample> samples() {
    return {{{{{3, 4}}},
             "",
             [](auto& x) { return tensor_list{call(x[0])}; },
             [](auto& x) { return tensor_list{extremum_reference<Over>(x[0], {}, false)[0]}; }}};
  }
};

struct Max : ExtremumOfAll<Max, Amax> {
  static constexpr OpInfo info{
      .name = "max", .formula = "y = max of x", .doc = "Largest of all elements"};
};

struct Min : ExtremumOfAll<Min, Amin> {
  static constexpr OpInfo info{
      .name = "min", .formula = "y = min of x", .doc = "Smallest of all elements"};
};

/// The samples of max and min of two tensors.
static std::vector<Sample> of_pairs(Tensor (*f)(const Tensor& a, const Tensor& b),
                                    double (*slow)(double a, double b)) {
  return {{{{{3, 4}}, {{4}}},
           "",
           [f](const tensor_list& x) { return tensor_list{f(x[0], x[1])}; },
           [slow](const tensor_list& x) {
             return tensor_list{tabulate(common_shape(x), float64, [&](const Shape& i) {
               return slow(broadcast_at(x[0], i), broadcast_at(x[1], i));
             })};
           }}};
}

struct MaxOf {
  static constexpr OpInfo info{
      .name = "max", .formula = "y = maximum(a, b)", .doc = "Another name of maximum"};
  static Tensor call(const Tensor& a, const Tensor& b) { return maximum(a, b); }
  static std::vector<Sample> samples() { return of_pairs(&call, std::fmax); }
};

struct MinOf {
  static constexpr OpInfo info{
      .name = "min", .formula = "y = minimum(a, b)", .doc = "Another name of minimum"};
  static Tensor call(const Tensor& a, const Tensor& b) { return minimum(a, b); }
  static std::vector<Sample> samples() { return of_pairs(&call, std::fmin); }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/extremum.def"
#include "autograd/ops/define.h"
