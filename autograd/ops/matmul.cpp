#include "autograd/kernels/gemm.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

static void check_matmul(const OpInfo& info, Inputs x, int64_t dims) {
  const Tensor &a = x[0], &b = x[1];
  if (a.dtype() != b.dtype())
    fail(info.name, "operands are {} and {}; expected one type", a.dtype(), b.dtype());
  if (a.dtype() == boolean) fail(info.name, "not defined on boolean tensors");
  if (a.dim() != dims || b.dim() != dims)
    fail(info.name, "operands of shape {} and {}; expected {} dimensions each", a.sizes(),
         b.sizes(), dims);
  bool batches = dims < 3 || a.size(0) == b.size(0);
  if (a.size(-1) != b.size(dims == 1 ? 0 : -2) || !batches)
    fail(info.name, "shapes {} and {} do not multiply", a.sizes(), b.sizes());
}

/// The matrix of b's last two dimensions, starting `offset` elements in.
template <class T>
static kernels::Matrix<const T> matrix(const Buffer& b, int64_t offset = 0) {
  size_t d = b.sizes.size();
  return {b.as<const T>() + offset, b.sizes[d - 2], b.sizes[d - 1], b.strides[d - 2],
          b.strides[d - 1]};
}

/// Whether BLAS can read t's last two dimensions as they are.
static bool readable(const Tensor& t) {
  int64_t rows = t.size(-2), columns = t.size(-1), row = t.stride(-2), column = t.stride(-1);
  return (column == 1 && row >= std::max<int64_t>(columns, 1)) ||
         (row == 1 && column >= std::max<int64_t>(rows, 1));
}

static void pack_unreadable(Inputs x, Specs& y) {
  for (int i : {0, 1})
    if (!readable(x[size_t(i)])) y.packed(i);
}

/// Sum over k of a[.., i, k] b[.., k, j] in double, by index arithmetic alone.
static Tensor product_reference(const Tensor& a, const Tensor& b) {
  int64_t batch = a.dim() == 3 ? a.size(0) : 1, n = a.size(-2), m = b.size(-1), inner = a.size(-1);
  Tensor y =
      a.dim() == 3 ? zeros({batch, n, m}, {.dtype = float64}) : zeros({n, m}, {.dtype = float64});
  auto at = [](const Tensor& t, int64_t s, int64_t i, int64_t j) {
    int64_t lead = t.dim() == 3 ? s * t.stride(0) : 0;
    return t.data_ptr<double>()[lead + i * t.stride(-2) + j * t.stride(-1)];
  };
  for (int64_t s = 0; s < batch; ++s)
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < m; ++j)
        for (int64_t k = 0; k < inner; ++k)
          y.data_ptr<double>()[(s * n + i) * m + j] += at(a, s, i, k) * at(b, s, k, j);
  return y;
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
  static Tensor call(const Tensor& a, const Tensor& b) { return apply(Bmm{}, a, b); }
  void infer(Inputs x, Specs& y) const {
    check_matmul(info, x, 3);
    pack_unreadable(x, y);
    y.fresh({x[0].size(0), x[0].size(1), x[1].size(2)}, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer a = plain(x[0]), b = plain(x[1]), out = plain(y[0]);
    dispatch(out.dtype, [&](auto t) {
      using V = decltype(t);
      for (int64_t s = 0; s < out.sizes[0]; ++s)
        kernels::gemm<V>(
            matrix<V>(a, s * a.strides[0]), matrix<V>(b, s * b.strides[0]),
            {out.as<V>() + s * out.strides[0], out.sizes[1], out.sizes[2], out.sizes[2], 1});
    });
  }
  Tensor da(Dy dy, B b) const { return dy.bmm(b.transpose(1, 2)); }
  Tensor db(Dy dy, A a) const { return a.transpose(1, 2).bmm(dy); }
  static constexpr auto grads = rules(&Bmm::da, &Bmm::db);
  Tensor reference(const tensor_list& x) const { return product_reference(x[0], x[1]); }
  static std::vector<Sample> samples() { return {{{{{2, 3, 4}}, {{2, 4, 5}}}, Bmm{}}}; }
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
               for (int64_t i = 0; i < 4; ++i) sum += element_at(x[0], {i}) * element_at(x[1], {i});
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
    if (a.dim() == 1 && b.dim() == 1) return a.dot(b);
    if (a.dim() == 1) return call(a.unsqueeze(0), b).squeeze(-2);
    if (b.dim() == 1) return call(a, b.unsqueeze(1)).squeeze(-1);
    if (a.dim() == 2 && b.dim() == 2) return a.mm(b);
    if (a.size(-1) != b.size(-2))
      fail(info.name, "shapes {} and {} do not multiply", a.sizes(), b.sizes());
    if (b.dim() == 2 && a.is_contiguous()) return folded(a, b);
    return batched(a, b);
  }
  static std::vector<Sample> samples() {
    return {sample(
                "matrix, vector", {3, 4}, {4}, {3},
                [](auto& i, int64_t k) {
                  return Shape{i[0], k};
                },
                [](auto&, int64_t k) { return Shape{k}; }),
            sample(
                "vector, batch", {4}, {2, 4, 3}, {2, 3}, [](auto&, int64_t k) { return Shape{k}; },
                [](auto& i, int64_t k) {
                  return Shape{i[0], k, i[1]};
                }),
            sample(
                "batch, matrix", {2, 3, 4}, {4, 2}, {2, 3, 2},
                [](auto& i, int64_t k) {
                  return Shape{i[0], i[1], k};
                },
                [](auto& i, int64_t k) {
                  return Shape{k, i[2]};
                }),
            broadcasting()};
  }

 private:
  using Place = Shape (*)(const Shape& i, int64_t k);

  /// y[i] = sum over k of x0[a(i, k)] x1[b(i, k)], k to 4.
  static Sample sample(std::string label, Shape x0, Shape x1, Shape y, Place a, Place b) {
    auto run = [](const tensor_list& x) { return tensor_list{x[0].matmul(x[1])}; };
    auto slow = [=](const tensor_list& x) {
      return tensor_list{tabulate(y, float64, [&](const Shape& i) {
        double sum = 0;
        for (int64_t k = 0; k < 4; ++k)
          sum += element_at(x[0], a(i, k)) * element_at(x[1], b(i, k));
        return sum;
      })};
    };
    return {{{x0}, {x1}}, std::move(label), run, slow};
  }
  static Sample broadcasting() {
    return sample(
        "batches broadcast", {2, 1, 3, 4}, {3, 4, 2}, {2, 3, 3, 2},
        [](auto& i, int64_t k) {
          return Shape{i[0], 0, i[2], k};
        },
        [](auto& i, int64_t k) {
          return Shape{i[1], k, i[3]};
        });
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
      return t.expand(full).reshape({numel(batch), t.size(-2), t.size(-1)});
    };
    Shape out = batch;
    out.push_back(a.size(-2));
    out.push_back(b.size(-1));
    return expanded(a).bmm(expanded(b)).reshape(out);
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/matmul.def"
#include "autograd/ops/define.h"
