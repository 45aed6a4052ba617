#include "autograd/kernels/pointwise.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

struct MaskedFill {
  static constexpr OpInfo info{
      .name = "masked_fill",
      .formula = "y = mask ? value : x",
      .grad = "dx = where(mask, 0, dy); dvalue = sum(where(mask, dy, 0))",
      .doc = "x with value, a number or 0-dim tensor, where mask (boolean) holds",
      .broadcasts = true,
      .pointwise = true};
  template <class X>
  static Tensor call(const X& x, const Tensor& mask, const Operand& value) {
    return apply(MaskedFill{}, x, mask, value_for(x, value));
  }
  static void call_in_place(const Tensor& x, const Tensor& mask, const Operand& value) {
    if (!(broadcast_shapes(info.name, x.sizes(), mask.sizes()) == Shape(x.sizes())))
      fail(info.name, "in place, a mask of shape {}; expected one that broadcasts to {}",
           mask.sizes(), x.sizes());
    apply_in_place(MaskedFill{}, x, mask, value_for(x, value));
  }
  void infer(Inputs x, Specs& y) const {
    if (x[1].dtype() != boolean) fail(info.name, "the mask is {}; expected boolean", x[1].dtype());
    if (x[2].dim() != 0)
      fail(info.name, "a value of shape {}; expected a number or a 0-dim tensor", x[2].sizes());
    y.fresh(broadcast_shapes(info.name, x[0].sizes(), x[1].sizes()), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    dispatch(y[0].dtype(), [&](auto t) {
      using T = decltype(t);
      T value = *plain(x[2]).as<const T>();
      kernels::map<T>(
          plain(y[0]), [=](T v, bool masked) { return masked ? value : v; },
          kernels::Source<T>{plain(x[0])}, kernels::Source<bool>{plain(x[1])});
    });
  }
  Tensor dx(Dy dy, In<1> mask) const { return where(mask, 0, dy); }
  Tensor none(Dy) const { return {}; }
  Tensor dvalue(Dy dy, In<1> mask) const { return where(mask, dy, 0); }
  static constexpr auto grads = rules(&MaskedFill::dx, &MaskedFill::none, &MaskedFill::dvalue);
  static std::vector<Sample> samples() {
    SampleInput mask{{3, 4}, 0, 2, boolean}, row{{4}, 0, 2, boolean};
    return {Sample(
                {{{3, 4}}, mask}, "a number",
                [](auto& x) { return tensor_list{x[0].masked_fill(x[1], -1.5)}; },
                [](auto& x) {
                  return tensor_list{tabulate(common_shape(x), float64, [&](auto& i) {
                    return broadcast_at(x[1], i) != 0 ? -1.5 : broadcast_at(x[0], i);
                  })};
                })
                .with_in_place([](auto& x) { return tensor_list{x[0].masked_fill_(x[1], -1.5)}; }),
            Sample(
                {{{3, 4}}, row, {{}}}, "a tensor",
                [](auto& x) { return tensor_list{x[0].masked_fill(x[1], x[2])}; },
                [](auto& x) {
                  return tensor_list{tabulate(common_shape(x), float64, [&](auto& i) {
                    return broadcast_at(x[1], i) != 0 ? broadcast_at(x[2], i)
                                                      : broadcast_at(x[0], i);
                  })};
                })
                .with_in_place([](auto& x) { return tensor_list{x[0].masked_fill_(x[1], x[2])}; })};
  }

 private:
  /// The value as a 0-dim tensor of x's type.
  static Tensor value_for(const Tensor& x, const Operand& value) {
    if (!value.number) return value.tensor.to(x.dtype());
    check_fits(info.name, *value.number, x.dtype());
    return full({}, *value.number, {.dtype = x.dtype()});
  }
};

/// column - row of every element of the last two dimensions.
static Tensor column_minus_row(const OpInfo& info, const Tensor& x) {
  if (x.dim() < 2)
    fail(info.name, "a tensor of shape {}; expected at least 2 dimensions", x.sizes());
  return arange(x.size(-1)) - arange(x.size(-2)).unsqueeze(1);
}

/// The sample of triu and tril: elements stay where keeps(j - i) holds.
static Sample triangle(Shape sizes, std::string label, Tensor (*f)(const Tensor& x),
                       bool (*keeps)(int64_t)) {
  return {{{sizes}},
          std::move(label),
          [f](const tensor_list& x) { return tensor_list{f(x[0])}; },
          [keeps](const tensor_list& x) {
            return tensor_list{tabulate(x[0].sizes(), float64, [&](const Shape& i) {
              return keeps(i[i.size() - 1] - i[i.size() - 2]) ? element_at(x[0], i) : 0;
            })};
          }};
}

struct Triu {
  static constexpr OpInfo info{.name = "triu",
                               .formula = "y[.., i, j] = j - i >= diagonal ? x[.., i, j] : 0",
                               .doc = "Upper triangle of the last two dimensions, zeros below"};
  static Tensor call(const Tensor& x, int64_t diagonal) {
    return x.masked_fill(column_minus_row(info, x) < diagonal, 0);
  }
  static std::vector<Sample> samples() {
    return {triangle(
                {3, 4}, "", [](auto& x) { return x.triu(); }, [](int64_t d) { return d >= 0; }),
            triangle(
                {2, 4, 3}, "-1", [](auto& x) { return x.triu(-1); },
                [](int64_t d) { return d >= -1; })};
  }
};

struct Tril {
  static constexpr OpInfo info{.name = "tril",
                               .formula = "y[.., i, j] = j - i <= diagonal ? x[.., i, j] : 0",
                               .doc = "Lower triangle of the last two dimensions, zeros above"};
  static Tensor call(const Tensor& x, int64_t diagonal) {
    return x.masked_fill(column_minus_row(info, x) > diagonal, 0);
  }
  static std::vector<Sample> samples() {
    return {
        triangle(
            {3, 4}, "", [](auto& x) { return x.tril(); }, [](int64_t d) { return d <= 0; }),
        triangle(
            {2, 4, 3}, "1", [](auto& x) { return x.tril(1); }, [](int64_t d) { return d <= 1; })};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/mask.def"
#include "autograd/ops/define.h"
