#include "autograd/ops/matrix.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// Whether the rows of a and the columns of b have one length.
static void check_inner_sizes(const OpInfo& info, const Tensor& a, const Tensor& b) {
  if (a.size(-1) != b.size(b.dim() == 1 ? 0 : -2))
    fail(info.name, "shapes {} and {}; expected {} {} in the second", a.sizes(), b.sizes(),
         a.size(-1), b.dim() == 1 ? "elements" : "rows");
}

static void check_factor_types(const OpInfo& info, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype())
    fail(info.name, "operands are {} and {}; expected one type", a.dtype(), b.dtype());
  if (a.dtype() == boolean) fail_boolean(info);
}

static void check_matmul(const OpInfo& info, Inputs x, int64_t dims) {
  const Tensor &a = x[0], &b = x[1];
  check_factor_types(info, a, b);
  if (a.dim() != dims || b.dim() != dims)
    fail(info.name, "operands of shape {} and {}; expected {} dimension{} each", a.sizes(),
         b.sizes(), dims, dims == 1 ? "" : "s");
  size_t batch = size_t(std::max<int64_t>(dims - 2, 0));
  if (!(a.sizes().slice(0, batch) == b.sizes().slice(0, batch)))
    fail(info.name, "shapes {} and {}; expected as many matrices in both", a.sizes(), b.sizes());
  check_inner_sizes(info, a, b);
}

static void pack_unreadable(Inputs x, Specs& y) {
  for (int i : {0, 1})
    if (!readable(x[size_t(i)])) y.packed(i);
}

/// Sum over k of a[.., i, k] b[.., k, j], element by element.
static Tensor product_reference(const Tensor& a, const Tensor& b) {
  Shape out = a.sizes();
  out.back() = b.size(-1);
  return tabulate(out, float64, [&](const Shape& i) {
    Shape left = i, right = i;
    double sum = 0;
    for (int64_t k = 0; k < a.size(-1); ++k) {
      left.back() = right[right.size() - 2] = k;
      sum += element_at(a, left) * element_at(b, right);
    }
    return sum;
  });
}

struct Mm {
  static constexpr OpInfo info{.name = "mm",
                               .formula = "y = a b",
                               .grad = "da = dy b^T; db = a^T dy",
                               .doc = "Product of matrices: a [n, k], b [k, m]"};
  static Tensor call(const Tensor& a, const Tensor& b) { return apply(Mm{}, a, b); }
  void infer(Inputs x, Specs& y) const {
    check_matmul(info, x, 2);
    pack_unreadable(x, y);
    y.fresh({x[0].size(0), x[1].size(1)}, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    dispatch(y[0].dtype(), [&](auto t) {
      using V = decltype(t);
      Buffer out = plain(y[0]);
      kernels::gemm<V>(matrix<V>(plain(x[0])), matrix<V>(plain(x[1])),
                       {out.as<V>(), out.sizes[0], out.sizes[1], out.sizes[1], 1});
    });
  }
  Tensor da(Dy dy, B b) const { return dy.mm(b.t()); }
  Tensor db(Dy dy, A a) const { return a.t().mm(dy); }
  static constexpr auto grads = rules(&Mm::da, &Mm::db);
  Tensor reference(const tensor_list& x) const { return product_reference(x[0], x[1]); }
  static std::vector<Sample> samples() {
    return {
        {{{{3, 4}}, {{4, 5}}}, Mm{}}, {{{{1, 4}}, {{4, 1}}}, Mm{}}, {{{{2, 0}}, {{0, 3}}}, Mm{}}};
  }
};

struct Bmm {
  static constexpr OpInfo info{
      .name = "bmm",
      .formula = "y[s] = a[s] b[s]",
      .grad = "da = dy b^T; db = a^T dy",
      .doc = "Products of matrices, batch by batch: a [s, n, k], b [s, k, m]"};
  static Tensor call(const Tensor& a, const Tensor& b) {
    std::array inputs{&a, &b};
    check_matmul(info, Inputs(inputs.data(), 2), 3);
    return apply(Bmm{}, a, b);
  }
  /// Takes any number of batch dimensions, so that matmul need not copy views to merge them.
  void infer(Inputs x, Specs& y) const {
    check_matmul(info, x, std::max<int64_t>(x[0].dim(), 3));
    pack_unreadable(x, y);
    Shape out = x[0].sizes();
    out.back() = x[1].size(-1);
    y.fresh(out, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer a = plain(x[0]), b = plain(x[1]), out = plain(y[0]);
    size_t batch = out.sizes.size() - 2;
    int64_t rows = out.sizes[batch], columns = out.sizes[batch + 1], inner = a.sizes.back();
    dispatch(out.dtype, [&](auto t) {
      using V = decltype(t);
      kernels::gemm_batch(numel(out.sizes.slice(0, batch)), rows * columns * inner, [&](int64_t s) {
        kernels::gemm<V>(matrix<V>(a, start_of(a, s)), matrix<V>(b, start_of(b, s)),
                         {out.as<V>() + s * rows * columns, rows, columns, columns, 1});
      });
    });
  }
  Tensor da(Dy dy, B b) const { return apply(Bmm{}, dy, b.transpose(-2, -1)); }
  Tensor db(Dy dy, A a) const { return apply(Bmm{}, a.transpose(-2, -1), dy); }
  static constexpr auto grads = rules(&Bmm::da, &Bmm::db);
  Tensor reference(const tensor_list& x) const { return product_reference(x[0], x[1]); }
  static std::vector<Sample> samples() {
    return {{{{{2, 3, 4}}, {{2, 4, 5}}}, Bmm{}}, {{{{2, 3, 2, 1}}, {{2, 3, 1, 2}}}, Bmm{}}};
  }

 private:
  /// Where matrix s of a batch starts, in elements.
  static int64_t start_of(const Buffer& b, int64_t s) {
    int64_t offset = 0;
    for (size_t d = b.sizes.size() - 2; d-- > 0; s /= b.sizes[d])
      offset += s % b.sizes[d] * b.strides[d];
    return offset;
  }
};

struct Dot {
  static constexpr OpInfo info{
      .name = "dot", .formula = "y = sum(a b)", .doc = "Scalar product of two vectors"};
  static Tensor call(const Tensor& a, const Tensor& b) {
    std::array inputs{&a, &b};
    check_matmul(info, Inputs(inputs.data(), 2), 1);
    return (a * b).sum().to(a.dtype());
  }
  static std::vector<Sample> samples() {
    return {{{{{4}}, {{4}}},
             "",
             [](auto& x) { return tensor_list{x[0].dot(x[1])}; },
             [](auto& x) {
               double sum = 0;
               for (int64_t i = 0; i < x[0].size(0); ++i)
                 sum += element_at(x[0], {i}) * element_at(x[1], {i});
               return tensor_list{tabulate({}, float64, [&](auto&) { return sum; })};
             }}};
  }
};

struct Matmul {
  static constexpr OpInfo info{
      .name = "matmul",
      .formula = "y = a b over the last two dimensions",
      .doc =
          "dot, matrix times vector, mm or batched mm, by the operands' dimensions; "
          "batch dimensions broadcast"};
  static Tensor call(const Tensor& a, const Tensor& b) {
    if (a.dim() == 0 || b.dim() == 0)
      fail(info.name, "operands of shape {} and {}; expected at least 1 dimension each", a.sizes(),
           b.sizes());
    check_factor_types(info, a, b);
    check_inner_sizes(info, a, b);
    for (int64_t d = 3; d <= std::min(a.dim(), b.dim()); ++d)
      if (int64_t n = a.size(-d), m = b.size(-d); n != m && n != 1 && m != 1)
        fail(info.name, "shapes {} and {}; expected batch dimensions that broadcast", a.sizes(),
             b.sizes());
    return product(a, b);
  }
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{x[0].matmul(x[1])}; };
    auto slow = [](const tensor_list& x) { return tensor_list{reference(x[0], x[1])}; };
    return {{{{{3, 4}}, {{4}}}, "matrix, vector", run, slow},
            {{{{4}}, {{2, 4, 3}}}, "vector, batch", run, slow},
            {{{{2, 3, 4}}, {{4, 2}}}, "batch, matrix", run, slow},
            {{{{2, 1, 3, 4}}, {{3, 4, 2}}}, "batches broadcast", run, slow},
            {{{{2, 3}}, {{3, 2}}}, "matrices", run, slow},
            {{{{3}}, {{3}}}, "vectors", run, slow}};
  }
  /// Each element by itself: of a vector the one dimension is the inner one.
  static Tensor reference(const Tensor& a, const Tensor& b) {
    bool rows = a.dim() > 1, columns = b.dim() > 1;
    auto batch_of = [](const Tensor& t) {
      return zeros(t.sizes().slice(0, size_t(std::max<int64_t>(t.dim() - 2, 0))));
    };
    Shape batch = common_shape({batch_of(a), batch_of(b)}), out = batch;
    if (rows) out.push_back(a.size(-2));
    if (columns) out.push_back(b.size(-1));
    return tabulate(out, float64, [&](const Shape& i) {
      double sum = 0;
      for (int64_t k = 0; k < a.size(-1); ++k) {
        Shape left = IntList(i).slice(0, batch.size()), right = left;
        if (rows) left.push_back(i[batch.size()]);
        left.push_back(k);
        right.push_back(k);
        if (columns) right.push_back(i.back());
        sum += broadcast_at(a, left) * broadcast_at(b, right);
      }
      return sum;
    });
  }

 private:
  static Tensor product(const Tensor& a, const Tensor& b) {
    if (a.dim() == 1 && b.dim() == 1) return a.dot(b);
    if (a.dim() == 1) return product(a.unsqueeze(0), b).squeeze(-2);
    if (b.dim() == 1) return product(a, b.unsqueeze(1)).squeeze(-1);
    if (a.dim() == 2 && b.dim() == 2) return a.mm(b);
    if (b.dim() == 2) return folded(a, b);
    return batched(a, b);
  }
  /// All rows of all batches in one product.
  static Tensor folded(const Tensor& a, const Tensor& b) {
    Shape out = a.sizes();
    out.back() = b.size(1);
    return a.flatten(0, -2).mm(b).reshape(out);
  }
  static Tensor batched(const Tensor& a, const Tensor& b) {
    IntList sa = a.sizes().slice(0, size_t(a.dim() - 2)),
            sb = b.sizes().slice(0, size_t(b.dim() - 2));
    Shape batch = broadcast_shapes(info.name, sa, sb);
    auto expanded = [&](const Tensor& t) {
      Shape full = batch;
      full.push_back(t.size(-2));
      full.push_back(t.size(-1));
      return t.sizes() == IntList(full) ? t : t.expand(full);
    };
    return apply(Bmm{}, expanded(a), expanded(b));
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/matmul.def"
#include "autograd/ops/define.h"
