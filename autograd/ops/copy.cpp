#include <algorithm>
#include <cmath>

#include "autograd/kernels/pointwise.h"
#include "autograd/kernels/strided_copy.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// y = x element by element, converted to y's type and broadcast to its shape.
static void convert(const Buffer& x, const Buffer& y) {
  if (x.dtype == y.dtype) return kernels::strided_copy(x, y);
  dispatch(x.dtype, [&](auto from) {
    dispatch(y.dtype, [&](auto to) {
      using X = decltype(from);
      using Y = decltype(to);
      auto converted = [](X v) {
        if constexpr (std::is_same_v<Y, bool>)
          return v != X(0);
        else if constexpr (std::is_floating_point_v<X> && !std::is_floating_point_v<Y>)
          return Y(int64_t(v));  // truncates, then wraps
        else
          return Y(v);
      };
      kernels::map<Y>(y, converted, kernels::Source<X>{x});
    });
  });
}

struct Clone {
  static constexpr OpInfo info{.name = "clone",
                               .formula = "y = x",
                               .grad = "dx = dy",
                               .doc = "A copy in packed memory of its own"};
  void infer(Inputs x, Specs& y) const { y.fresh(x[0].sizes(), x[0].dtype()); }
  void forward(Inputs x, Outputs y) const { convert(plain(x[0]), plain(y[0])); }
  Tensor dx(Dy dy) const { return dy; }
  static constexpr auto grads = rules(&Clone::dx);
  static std::vector<Sample> samples() {
    return {{{{{3, 4}}},
             "",
             [](auto& x) { return tensor_list{x[0].clone()}; },
             [](auto& x) { return x; }}};
  }
};

struct Contiguous {
  static constexpr OpInfo info{
      .name = "contiguous",
      .formula = "y = x",
      .doc = "The tensor itself if its memory is packed, else a packed copy"};
  static Tensor call(const Tensor& x) { return x.is_contiguous() ? x : x.clone(); }
  static std::vector<Sample> samples() {
    return {{{{{3, 4}}},
             "after t()",
             [](auto& x) { return tensor_list{x[0].t().contiguous()}; },
             [](auto& x) {
               auto turned = [](Shape i) {
                 std::reverse(i.begin(), i.end());
                 return i;
               };
               return tensor_list{moved(x[0], turned(x[0].sizes()), turned)};
             }}};
  }
};

struct To {
  static constexpr OpInfo info{
      .name = "to",
      .formula = "y = x in another type",
      .grad = "dx = dy in x's type",
      .doc = "Another element type; the tensor itself if it has it already"};
  Dtype dtype = float32;
  FIELDS(dtype)

  static Tensor call(const Tensor& x, Dtype dtype) {
    if (x.dtype() == dtype) return x;
    To op;
    op.dtype = dtype;
    return apply(op, x);
  }
  void infer(Inputs x, Specs& y) const { y.fresh(x[0].sizes(), dtype); }
  void forward(Inputs x, Outputs y) const { convert(plain(x[0]), plain(y[0])); }
  Tensor dx(Dy dy, InDtype<0> d) const { return dy.to(d); }
  static constexpr auto grads = rules(&To::dx);
  static std::vector<Sample> samples() {
    return {{{{.sizes = {3, 4}, .lo = -5, .hi = 5, .dtype = int64}},
             "int64 to float64",
             [](auto& x) { return tensor_list{x[0].to(float64)}; },
             [](auto& x) { return tensor_list{reshaped(x[0], x[0].sizes())}; }},
            {{{.sizes = {3, 4}, .lo = -5, .hi = 5}},
             "to int64 truncates",
             [](auto& x) { return tensor_list{x[0].to(int64)}; },
             [](auto& x) {
               return tensor_list{tabulate(x[0].sizes(), float64, [&](auto& i) {
                 return std::trunc(element_at(x[0], i));
               })};
             }}};
  }
};

struct Copy {
  static constexpr OpInfo info{.name = "copy_",
                               .formula = "x = source",
                               .grad = "dsource = dy; dx = 0",
                               .doc = "Writes source, broadcast and converted, into x",
                               .broadcasts = true,
                               .pointwise = true};
  static void call(const Tensor& x, const Tensor& source) { apply(Copy{}, x, source); }
  void infer(Inputs x, Specs& y) const {
    if (!(broadcast_shapes(info.name, x[0].sizes(), x[1].sizes()) == Shape(x[0].sizes())))
      fail(info.name, "a source of shape {}; expected one that broadcasts to {}", x[1].sizes(),
           x[0].sizes());
    y.write(0);
  }
  void forward(Inputs x, Outputs y) const { convert(plain(x[1]), plain(y[0])); }
  Tensor dx(Dy dy) const { return zeros_like(dy); }
  Tensor dsource(Dy dy) const { return dy; }
  static constexpr auto grads = rules(&Copy::dx, &Copy::dsource);
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{x[0].clone().copy_(x[1])}; };
    return {{{{{3, 4}}, {{4}}},
             "row",
             run,
             [](auto& x) {
               return tensor_list{
                   tabulate(x[0].sizes(), float64, [&](auto& i) { return broadcast_at(x[1], i); })};
             }},
            {{{{3, 4}}, {{3, 4}}},
             "into a column",
             [](auto& x) {
               Tensor y = x[0].clone();
               y.select(1, 2).copy_(x[1].select(1, 0));
               return tensor_list{y};
             },
             [](auto& x) {
               return tensor_list{tabulate(x[0].sizes(), float64, [&](auto& i) {
                 return i[1] == 2 ? element_at(x[1], {i[0], 0}) : element_at(x[0], i);
               })};
             }}};
  }
};

struct Fill {
  static constexpr OpInfo info{.name = "fill_",
                               .formula = "x = value",
                               .grad = "dx = 0",
                               .doc = "Sets every element to a number"};
  Scalar value = 0;
  FIELDS(value)

  void infer(Inputs x, Specs& y) const {
    check_fits(info.name, value, x[0].dtype());
    y.write(0);
  }
  void forward(Inputs, Outputs y) const {
    Buffer out = plain(y[0]);
    dispatch(out.dtype, [&](auto t) { kernels::fill(out, value.to<decltype(t)>()); });
  }
  Tensor dx(Dy dy) const { return zeros_like(dy); }
  static constexpr auto grads = rules(&Fill::dx);
  static std::vector<Sample> samples() {
    return {{{{{3, 4}}},
             "a row",
             [](auto& x) {
               Tensor y = x[0].clone();
               y[1].fill_(0.5);
               return tensor_list{y};
             },
             [](auto& x) {
               return tensor_list{tabulate(x[0].sizes(), float64, [&](auto& i) {
                 return i[0] == 1 ? 0.5 : element_at(x[0], i);
               })};
             }}};
  }
};

struct Zero {
  static constexpr OpInfo info{
      .name = "zero_", .formula = "x = 0", .grad = "dx = 0", .doc = "Sets every element to 0"};
  void infer(Inputs, Specs& y) const { y.write(0); }
  void forward(Inputs, Outputs y) const {
    Buffer out = plain(y[0]);
    dispatch(out.dtype, [&](auto t) { kernels::fill(out, decltype(t)(0)); });
  }
  Tensor dx(Dy dy) const { return zeros_like(dy); }
  static constexpr auto grads = rules(&Zero::dx);
  static std::vector<Sample> samples() {
    return {{{{{3, 4}}},
             "",
             [](auto& x) { return tensor_list{x[0].clone().zero_()}; },
             [](auto& x) {
               return tensor_list{tabulate(x[0].sizes(), float64, [](auto&) { return 0.0; })};
             }}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/copy.def"
#include "autograd/ops/define.h"
