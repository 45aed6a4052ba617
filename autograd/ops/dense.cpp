#include "autograd/ops/checks.h"
#include "autograd/ops/matrix.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// t's rows as those of one matrix.
static Tensor rows_of(const Tensor& t) { return t.dim() == 2 ? t : t.flatten(0, -2); }

struct Linear {
  static constexpr OpInfo info{.name = "linear",
                               .formula = "y = x w^T + b",
                               .grad = "dx = dy w; dw = dy^T x; db = sum of dy's rows",
                               .doc = "PyTorch's layer: x [.., in], w [out, in], b [out]"};
  static Tensor call(const Tensor& x, const Tensor& w, const Tensor& b) {
    check(x, w, b);
    return x.dim() == 1 ? apply(Linear{}, x.unsqueeze(0), w, b).squeeze(0)
                        : apply(Linear{}, x, w, b);
  }
  static void check(const Tensor& x, const Tensor& w, const Tensor& b) {
    if (w.dim() != 2) fail(info.name, "weight has shape {}; expected [out, in]", w.sizes());
    if (x.dim() == 0 || x.size(-1) != w.size(1))
      fail(info.name, "input has shape {}, weight {} expects [.., {}]", x.sizes(), w.sizes(),
           w.size(1));
    check_one_floating_type(info, "input", x, "weight", w);
    if (!b.defined()) return;
    if (!(b.sizes() == IntList(w.size(0))))
      fail(info.name, "bias has shape {}; expected [{}]", b.sizes(), w.size(0));
    check_one_floating_type(info, "input", x, "bias", b);
  }
  void infer(Inputs in, Specs& y) const {
    const Tensor &x = in[0], &w = in[1];
    check(x, w, in[2]);
    if (x.dim() < 2)
      fail(info.name, "input has shape {}; expected [rows, {}]", x.sizes(), w.size(1));
    if (x.dim() > 2 || !readable(x)) y.packed(0);
    if (!readable(w)) y.packed(1);
    y.packed(2);
    Shape out = x.sizes();
    out.back() = w.size(0);
    y.fresh(out, x.dtype());
  }
  void forward(Inputs in, Outputs y) const {
    Buffer x = plain(in[0]), w = plain(in[1]), out = plain(y[0]);
    dispatch_floating(x.dtype, [&](auto t) {
      using V = decltype(t);
      int64_t inner = w.sizes[1], outer = w.sizes[0], n = out.numel / std::max<int64_t>(outer, 1);
      kernels::Matrix<const V> rows = matrix<V>(x);
      if (x.sizes.size() > 2) rows = {x.as<const V>(), n, inner, inner, 1};  // packed, all batches'
      kernels::Start<V> bias{in[2].defined() ? plain(in[2]).template as<const V>() : nullptr};
      kernels::gemm<V>(rows, matrix<V>(w).transposed(), {out.as<V>(), n, outer, outer, 1}, bias);
    });
  }
  Tensor dx(Dy dy, B w) const { return dy.matmul(w); }
  Tensor dw(Dy dy, A x) const { return rows_of(dy).t().mm(rows_of(x)); }
  Tensor db(Dy dy) const { return rows_of(dy).sum(0); }
  static constexpr auto grads = rules(&Linear::dx, &Linear::dw, &Linear::db);
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) {
      return tensor_list{linear(x[0], x[1], x.size() > 2 ? x[2] : Tensor())};
    };
    auto slow = [](const tensor_list& x) { return tensor_list{reference(x)}; };
    return {{{{{4, 3}}, {{2, 3}}, {{2}}}, Linear{}},
            {{{{2, 2, 3}}, {{2, 3}}, {{2}}}, Linear{}},
            {{{{0, 3}}, {{2, 3}}, {{2}}}, Linear{}},
            {{{{2, 2, 3}}, {{2, 3}}}, "batches, without bias", run, slow},
            {{{{3}}, {{2, 3}}, {{2}}}, "one", run, slow}};
  }
  static Tensor reference(const tensor_list& x) {
    Shape out = x[0].sizes();
    out.back() = x[1].size(0);
    return tabulate(out, float64, [&](Shape i) {
      int64_t column = i.back();
      double y = x.size() > 2 ? element_at(x[2], {column}) : 0;
      for (int64_t& k = i.back() = 0; k < x[1].size(1); ++k)
        y += element_at(x[0], i) * element_at(x[1], {column, k});
      return y;
    });
  }
};

struct Dense {
  static constexpr OpInfo info{.name = "dense",
                               .formula = "y = x_aug w",
                               .grad = "dx = dy w^T without its last column; dw = x_aug^T dy",
                               .doc =
                                   "The report's layer: x [.., d_in], x_aug is x with a column of "
                                   "ones, w [d_in + 1, d_out] has the bias as its last row"};
  static Tensor call(const Tensor& x, const Tensor& w) {
    check(x, w);
    if (x.dim() == 1) return apply(Dense{}, x.unsqueeze(0), w).squeeze(0);
    if (x.dim() == 2) return apply(Dense{}, x, w);
    Shape rows{numel(x.sizes().slice(0, size_t(x.dim() - 1))), x.size(-1)}, out = x.sizes();
    Tensor y = apply(Dense{}, x.reshape(rows), w);
    out.back() = y.size(1);
    return y.reshape(out);
  }
  /// With the shapes that the user passed.
  static void check(const Tensor& x, const Tensor& w) {
    if (w.dim() != 2 || w.size(0) < 1)
      fail(info.name, "weight has shape {}; expected [in + 1, out]", w.sizes());
    if (x.dim() == 0 || x.size(-1) != w.size(0) - 1)
      fail(info.name, "input has shape {}, weight {} expects [.., {}]", x.sizes(), w.sizes(),
           w.size(0) - 1);
    check_one_floating_type(info, "input", x, "weight", w);
  }
  void infer(Inputs in, Specs& y) const {
    check(in[0], in[1]);
    if (in[0].dim() != 2)
      fail(info.name, "input has shape {}; expected [rows, {}]", in[0].sizes(), in[1].size(0) - 1);
    y.packed(0, 1);
    y.fresh({in[0].size(0), in[1].size(1)}, in[0].dtype());
  }
  void forward(Inputs in, Outputs y) const {
    const Tensor &x = in[0], &w = in[1];
    dispatch_floating(x.dtype(), [&](auto t) {
      using V = decltype(t);
      int64_t n = x.size(0), inner = x.size(1), outer = w.size(1);
      const V *px = plain(x).as<V>(), *pw = plain(w).as<V>();
      V* py = plain(y[0]).as<V>();
      kernels::gemm<V>({px, n, inner, inner, 1}, {pw, inner, outer, outer, 1},
                       {py, n, outer, outer, 1}, {pw + inner * outer});
    });
  }

  Tensor dx(Dy dy, B w) const { return dy.mm(w.narrow(0, 0, w.size(0) - 1).t()); }
  Tensor dw(Dy dy, A x) const { return cat({x.t().mm(dy), dy.sum(0, true)}, 0); }
  static constexpr auto grads = rules(&Dense::dx, &Dense::dw);

  /// The report's equation 11.
  Tensor dx_formula(Dy dy, B w) const { return dy.mm(w.t()).narrow(1, 0, w.size(0) - 1); }
  /// The report's equation 10.
  Tensor dw_formula(Dy dy, A x) const {
    Tensor augmented = cat({x, ones({x.size(0), 1}, {.dtype = x.dtype()})}, 1);
    return augmented.t().mm(dy);
  }
  static constexpr auto formulas = rules(&Dense::dx_formula, &Dense::dw_formula);

  static Tensor reference(const tensor_list& x) {
    Shape out = x[0].sizes();
    int64_t inner = out.back();
    out.back() = x[1].size(1);
    return tabulate(out, float64, [&](Shape i) {
      int64_t column = i.back();
      double y = element_at(x[1], {inner, column});  // the bias
      for (int64_t& k = i.back() = 0; k < inner; ++k)
        y += element_at(x[0], i) * element_at(x[1], {k, column});
      return y;
    });
  }
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{dense(x[0], x[1])}; };
    auto slow = [](const tensor_list& x) { return tensor_list{reference(x)}; };
    return {{{{{4, 3}}, {{4, 2}}}, Dense{}},
            {{{{0, 3}}, {{4, 2}}}, Dense{}},
            {{{{2, 2, 3}}, {{4, 2}}}, "batches", run, slow},
            {{{{3}}, {{4, 2}}}, "one", run, slow}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/dense.def"
#include "autograd/ops/define.h"
