#include "autograd/kernels/gather.h"
#include "autograd/kernels/strided_copy.h"
#include "autograd/kernels/wrapping.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// A 0-dim tensor as one of one element, others as they are.
static Tensor lifted(const Tensor& t) { return t.dim() == 0 ? t.view({1}) : t; }

static Tensor lifted_index(const OpInfo& info, const Tensor& index) {
  if (index.dtype() != int64 && index.dtype() != int32)
    fail(info.name, "the index is {}; expected int64 or int32", index.dtype());
  return lifted(index.to(int64));
}

/// index: what replaces the coordinate of dim, in a tensor of shape `sizes`.
static void check_shapes(const OpInfo& info, IntList index, IntList sizes, int64_t dim) {
  bool fits = index.size() == sizes.size();
  for (size_t d = 0; fits && d < sizes.size(); ++d)
    fits = int64_t(d) == dim || index[d] <= sizes[d];
  if (!fits)
    fail(info.name,
         "an index of shape {} for a tensor of shape {}; expected as many dimensions, "
         "and sizes within its own but in dimension {}",
         index, sizes, dim);
}

static void check_range(const OpInfo& info, const Tensor& index, IntList sizes, int64_t dim) {
  int64_t n = sizes[size_t(dim)];
  if (auto bad = kernels::first_outside(plain(index), 0, n))
    fail_index(info.name, "index {} in dimension {} of shape {}; expected 0 to {}", *bad, dim,
               sizes, n - 1);
}

/// For the slow truths: where the element of x, of `dims` dimensions, is that index names at `at`.
static Shape replaced(Shape at, const Tensor& index, int64_t dim, int64_t dims) {
  int64_t place = int64_t(element_at(index, at));
  if (dims == 0) return {};
  if (at.empty()) return {place};
  at[size_t(dim)] = place;
  return at;
}

struct Gather {
  static constexpr OpInfo info{
      .name = "gather",
      .formula = "y[i] = x[i with index[i] along dim]",
      .grad = "dx = embed_at(dy, dim, index, shape(x))",
      .doc = "Elements of x at the places that index names along dim; y has index's shape"};
  int64_t dim = 0;
  FIELDS(dim)

  static Tensor call(const Tensor& x, int64_t dim, const Tensor& index) {
    Gather op;
    op.dim = wrap_dim(info.name, dim, size_t(x.dim()));
    Tensor y = apply(op, lifted(x), lifted_index(info, index));
    return index.dim() == 0 ? y.view({}) : y;
  }
  void infer(Inputs x, Specs& y) const {
    check_shapes(info, x[1].sizes(), x[0].sizes(), dim);
    y.fresh(x[1].sizes(), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    if (x[1].numel() == 0) return;
    check_range(info, x[1], x[0].sizes(), dim);
    dispatch(x[0].dtype(), [&](auto t) {
      using T = decltype(t);
      kernels::for_each_indexed<T>(plain(x[1]), plain(x[0]), plain(y[0]), size_t(dim),
                                   [](T& whole, T& part) { part = whole; });
    });
  }
  Tensor dx(Dy dy, In<1> index, InShape<0> s) const { return embed_at(dy, dim, index, s); }
  static constexpr auto grads = rules(&Gather::dx);
  Tensor reference(const tensor_list& x) const {
    return tabulate(x[1].sizes(), x[0].dtype(), [&](const Shape& i) {
      return element_at(x[0], replaced(i, x[1], dim, x[0].dim()));
    });
  }
  static std::vector<Sample> samples() {
    Gather rows, columns;
    columns.dim = 1;
    SampleInput picks{{2, 3}, 0, 3, int64, false}, few{{3, 2}, 0, 4, int64, false};
    auto by = [](std::vector<SampleInput> inputs, const Gather& op) {
      return Sample(std::move(inputs), op,
                    [op](const tensor_list& x) { return tensor_list{x[0].gather(op.dim, x[1])}; });
    };
    return {by({{{3, 4}}, picks}, rows), by({{{3, 4}}, few}, columns),
            by({{{3}}, {{0}, 0, 3, int64, false}}, rows)};
  }
};

struct EmbedAt {
  static constexpr OpInfo info{
      .name = "embed_at",
      .formula = "y = zeros(shape), y[i with index[i] along dim] += x[i]",
      .grad = "dx = gather(dy, dim, index)",
      .doc =
          "Adds x's elements into zeros, at the places that index names along dim: "
          "the adjoint of gather"};
  int64_t dim = 0;
  Shape shape;
  FIELDS(dim, shape)

  static Tensor call(const Tensor& x, int64_t dim, const Tensor& index, IntList shape) {
    EmbedAt op;
    op.dim = wrap_dim(info.name, dim, shape.size());
    op.shape = shape.empty() ? Shape{1} : Shape(shape);
    Tensor y = apply(op, lifted(x), lifted_index(info, index));
    return shape.empty() ? y.view({}) : y;
  }
  void infer(Inputs x, Specs& y) const {
    check_shapes(info, x[1].sizes(), shape, dim);
    if (!(x[0].sizes() == x[1].sizes()))
      fail(info.name, "an index of shape {} for a source of shape {}; expected one shape",
           x[1].sizes(), x[0].sizes());
    y.fresh(shape, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer out = plain(y[0]);
    if (out.numel) std::memset(out.data, 0, size_t(y[0].nbytes()));
    if (x[1].numel() == 0) return;
    check_range(info, x[1], shape, dim);
    dispatch(out.dtype, [&](auto t) {
      using T = decltype(t);
      kernels::for_each_indexed<T>(plain(x[1]), out, plain(x[0]), size_t(dim),
                                   [](T& w, T& part) { w = kernels::wrapping_sum(w, part); });
    });
  }
  Tensor dx(Dy dy, In<1> index) const { return dy.gather(dim, index); }
  static constexpr auto grads = rules(&EmbedAt::dx);
  Tensor reference(const tensor_list& x) const {
    Tensor y = zeros(shape, {.dtype = float64});
    for_each_index(x[0].sizes(), [&](const Shape& i) {
      element_of(y, replaced(i, x[1], dim, y.dim())) += element_at(x[0], i);
    });
    return y;
  }
  static std::vector<Sample> samples() {
    EmbedAt op;
    op.dim = 1;
    op.shape = {3, 4};
    return {Sample({{{2, 5}}, {{2, 5}, 0, 4, int64, false}}, op, [op](const tensor_list& x) {
      return tensor_list{x[0].embed_at(op.dim, x[1], op.shape)};
    })};
  }
};

/// The part of source that an index of this shape reads.
static Tensor part_of(const OpInfo& info, Tensor source, IntList index) {
  bool fits = size_t(source.dim()) == index.size();
  for (size_t d = 0; fits && d < index.size(); ++d) fits = index[d] <= source.size(int64_t(d));
  if (!fits)
    fail(info.name,
         "an index of shape {} for a source of shape {}; expected as many dimensions, "
         "and sizes within its own",
         index, source.sizes());
  for (size_t d = 0; d < index.size(); ++d)
    if (index[d] != source.size(int64_t(d))) source = source.slice(int64_t(d), 0, index[d]);
  return source;
}

/// Base of scatter and scatter_add: x with source's elements put, or added, at the places that
/// index names along dim. Inputs x, index, source.
template <class Self>
struct ScatterOp {
  int64_t dim = 0;
  FIELDS(dim)

  static Tensor call(const Tensor& x, int64_t dim, const Tensor& index, const Operand& source) {
    Tensor i = lifted_index(Self::info, index);
    Tensor y = apply(made(x, dim), lifted(x), i, source_for(x, i, source));
    return x.dim() == 0 ? y.view({}) : y;
  }
  static void call_in_place(const Tensor& x, int64_t dim, const Tensor& index,
                            const Operand& source) {
    Tensor i = lifted_index(Self::info, index);
    apply_in_place(made(x, dim), lifted(x), i, source_for(x, i, source));
  }
  void infer(Inputs x, Specs& y) const {
    check_shapes(Self::info, x[1].sizes(), x[0].sizes(), dim);
    if (x[2].dtype() != x[0].dtype())
      fail(Self::info.name, "the source is {}; expected the tensor's {}", x[2].dtype(),
           x[0].dtype());
    y.fresh(x[0].sizes(), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer from = plain(x[0]), to = plain(y[0]);
    if (x[1].numel()) check_range(Self::info, x[1], x[0].sizes(), dim);
    if (from.data != to.data) kernels::strided_copy(from, to);
    dispatch(to.dtype, [&](auto t) {
      using T = decltype(t);
      if (x[1].numel())
        kernels::for_each_indexed<T>(plain(x[1]), to, plain(x[2]), size_t(dim),
                                     [](T& whole, T& part) { Self::put(whole, part); });
    });
  }
  Tensor none(Dy) const { return {}; }
  Tensor dsource(Dy dy, In<1> index) const { return dy.gather(dim, index); }

 private:
  static Self made(const Tensor& x, int64_t dim) {
    Self op;
    op.dim = wrap_dim(Self::info.name, dim, size_t(x.dim()));
    return op;
  }
  static Tensor source_for(const Tensor& x, const Tensor& index, const Operand& source) {
    if (!source.number) return part_of(Self::info, lifted(source.tensor), index.sizes());
    check_fits(Self::info.name, *source.number, x.dtype());
    return full({}, *source.number, {.dtype = x.dtype()}).expand(index.sizes());
  }
};

struct Scatter : ScatterOp<Scatter> {
  static constexpr OpInfo info{
      .name = "scatter",
      .formula = "y = x, y[i with index[i] along dim] = source[i]",
      .grad = "dx = scatter(dy, dim, index, 0); dsource = gather(dy, dim, index)",
      .doc =
          "x with elements of source, or a number, at the places that index names along dim; "
          "where a place is named twice, the last one stays"};
  template <class T>
  static void put(T& whole, T& part) {
    whole = part;
  }
  Tensor dx(Dy dy, In<1> index) const { return dy.scatter(dim, index, 0); }
  static constexpr auto grads = rules(&Scatter::dx, &Scatter::none, &Scatter::dsource);
  static std::vector<Sample> samples() {
    auto index = [] { return taper::tensor({{0, 2, 1}, {1, 0, 2}}); };
    auto run = [=](const tensor_list& x) { return tensor_list{x[0].scatter(0, index(), x[1])}; };
    auto slow = [=](const tensor_list& x) {
      Tensor y = reshaped(x[0], x[0].sizes()), i = index();
      for_each_index(i.sizes(), [&](const Shape& at) {
        element_of(y, replaced(at, i, 0, 2)) = element_at(x[1], at);
      });
      return tensor_list{y};
    };
    return {Sample({{{3, 4}}, {{2, 3}}}, "rows", run, slow).with_in_place([=](auto& x) {
              return tensor_list{x[0].scatter_(0, index(), x[1])};
            }),
            {{{{3, 4}}},
             "a number",
             [=](auto& x) { return tensor_list{x[0].scatter(0, index(), 0.5)}; },
             [=](auto& x) {
               return slow({x[0], full(index().sizes(), 0.5, {.dtype = float64})});
             }}};
  }
};

struct ScatterAdd : ScatterOp<ScatterAdd> {
  static constexpr OpInfo info{
      .name = "scatter_add",
      .formula = "y = x, y[i with index[i] along dim] += source[i]",
      .grad = "dx = dy; dsource = gather(dy, dim, index)",
      .doc = "x with source's elements added at the places that index names along dim"};
  template <class T>
  static void put(T& whole, T& part) {
    whole = kernels::wrapping_sum(whole, part);
  }
  Tensor dx(Dy dy) const { return dy; }
  static constexpr auto grads = rules(&ScatterAdd::dx, &ScatterAdd::none, &ScatterAdd::dsource);
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{x[0].scatter_add(0, x[2], x[1])}; };
    SampleInput picks{{4, 3}, 0, 3, int64, false};
    auto slow = [](const tensor_list& x) {
      Tensor y = reshaped(x[0], x[0].sizes());
      for_each_index(x[2].sizes(), [&](const Shape& i) {
        element_of(y, replaced(i, x[2], 0, y.dim())) += element_at(x[1], i);
      });
      return tensor_list{y};
    };
    auto writing = [](const tensor_list& x) {
      return tensor_list{x[0].scatter_add_(0, x[2], x[1])};
    };
    return {Sample({{{3, 4}}, {{4, 3}}, picks}, "rows", run, slow).with_in_place(writing),
            Sample({{{3, 4}}, {{5, 4}}, picks}, "part of the source", run, slow)
                .with_in_place(writing)};
  }
};

struct IndexSelect {
  static constexpr OpInfo info{
      .name = "index_select",
      .formula = "y = x[.., index, ..] along dim",
      .doc = "The places that a vector of indices names along dim; a copy"};
  static Tensor call(const Tensor& x, int64_t dim, const Tensor& index) {
    if (index.dim() > 1)
      fail_index(info.name, "an index of shape {}; expected a vector", index.sizes());
    Tensor from = lifted(x), i = lifted_index(info, index);
    dim = wrap_dim(info.name, dim, size_t(x.dim()));
    if (x.dim() == 0 && i.numel() != 1)
      fail_index(info.name, "{} indices for a 0-dim tensor; expected one", i.numel());
    check_range(info, i, from.sizes(), dim);
    Shape along(size_t(from.dim()), 1), out(from.sizes());
    along[size_t(dim)] = out[size_t(dim)] = i.numel();
    Tensor y = from.gather(dim, i.view(along).expand(out));
    return x.dim() == 0 ? y.view({}) : y;
  }
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{x[0].index_select(1, x[1])}; };
    auto slow = [](const tensor_list& x) {
      Shape out = x[0].sizes();
      out[1] = x[1].numel();
      return tensor_list{moved(x[0], out, [&](const Shape& i) {
        Shape from(i);
        from[1] = int64_t(broadcast_at(x[1], {i.data()[1]}));
        return from;
      })};
    };
    return {{{{{3, 4}}, {{5}, 0, 4, int64, false}}, "columns", run, slow},
            {{{{2, 3, 4}}, {{2}, 0, 3, int64, false}}, "rows of a batch", run, slow}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/index.def"
#include "autograd/ops/define.h"
