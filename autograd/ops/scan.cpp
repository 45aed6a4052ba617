#include "autograd/kernels/scan.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

struct Cumsum {
  static constexpr OpInfo info{.name = "cumsum",
                               .formula = "y[i] = sum of x[j], j <= i, along dim",
                               .grad = "dx = flip(cumsum(flip(dy, dim), dim), dim)",
                               .doc = "Running sum along a dimension; integers give int64"};
  int64_t dim = 0;
  FIELDS(dim)

  static Tensor call(const Tensor& x, int64_t dim) {
    Cumsum op;
    op.dim = wrap_dim(info.name, dim, size_t(x.dim()));
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const {
    y.fresh(x[0].sizes(),
            x[0].is_floating_point() ? x[0].dtype() : taper::info(x[0].dtype()).accumulator);
  }
  void forward(Inputs x, Outputs y) const {
    Buffer in = plain(x[0]), out = plain(y[0]);
    auto along = reduced_dims(info.name, {dim}, in.sizes.size());
    dispatch(in.dtype, [&](auto t) {
      using T = decltype(t);
      using Acc = kernels::Wrapping<accumulator_of<T>>;
      using Y = std::conditional_t<std::is_floating_point_v<T>, T, accumulator_of<T>>;
      kernels::RunningSums<T, Acc, Y>(in, out, along).run();
    });
  }
  Tensor dx(Dy dy) const { return dy.dim() == 0 ? Tensor(dy) : dy.flip(dim).cumsum(dim).flip(dim); }
  static constexpr auto grads = rules(&Cumsum::dx);
  Tensor reference(const tensor_list& x) const {
    return tabulate(x[0].sizes(), float64, [&](Shape i) {
      if (i.empty()) return element_at(x[0], i);
      double sum = 0;
      for (int64_t last = i[size_t(dim)], k = 0; k <= last; ++k) {
        i[size_t(dim)] = k;
        sum += element_at(x[0], i);
      }
      return sum;
    });
  }
  static std::vector<Sample> samples() {
    Cumsum rows, columns;
    columns.dim = 1;
    return {{{{{3, 4}}}, rows}, {{{{2, 3, 4}}}, columns}, {{{{}}}, rows}, {{{{0, 2}}}, rows}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/scan.def"
#include "autograd/ops/define.h"
