#include "autograd/ops/pointwise.h"

#include "autograd/tensor/factories.h"

namespace taper::ops {

template <class T>
static T power(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::pow(a, b);
  } else {
    if (b < T(0)) return a == T(1) || (a == T(-1) && b % 2 == 0) ? T(1) : a == T(-1) ? T(-1) : T(0);
    uint64_t out = 1, base = uint64_t(a);  // wraps around
    for (uint64_t n = uint64_t(b); n > 0; n /= 2, base *= base)
      if (n % 2) out *= base;
    return T(out);
  }
}

/// y = a to the power of a number that few products make; false for others.
static bool power_by_products(const Buffer& a, double b, const Buffer& y) {
  auto run = [&](auto f) {
    dispatch_floating(y.dtype, [&](auto t) {
      using T = decltype(t);
      kernels::map<T>(
          y, [f](T x) { return f(x); }, kernels::Source<T>{a});
    });
    return true;
  };
  if (b == -1) return run([](auto x) { return 1 / x; });
  if (b == 1) return run([](auto x) { return x; });
  if (b == 2) return run([](auto x) { return x * x; });
  if (b == 3) return run([](auto x) { return x * x * x; });
  return false;
}

template <class T>
static T absolute(T x) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fabs(x);  // of -0 and -NaN too
  else
    return x < T(0) ? kernels::wrapping<T>([](auto v) { return -v; }, x) : x;
}

// clang-format off
BINARY(Add, add, wrapping, a + b, a - -b, (Dy dy), dy, (Dy dy), dy, "Sum of each pair of elements")
BINARY(Sub, sub, wrapping, a - b, -(b - a),
       (Dy dy), dy, (Dy dy), -dy, "Difference of each pair of elements",
       static constexpr Bools bools = Bools::none;)
BINARY(Mul, mul, wrapping, a * b, ((a + b) * (a + b) - (a - b) * (a - b)) / 4,
       (Dy dy, B b), dy * b, (Dy dy, A a), dy * a, "Product of each pair of elements")
BINARY(Div, div, floating, a / b, a * std::pow(b, -1),
       (Dy dy, B b), dy / b, (Dy dy, B b, Y y), -dy * (y / b),
       "Quotient of each pair of elements; integers give the default floating type",
       static SampleInput b_range() { return {{}, 0.5, 2}; })
BINARY(Pow, pow, same, power(a, b), std::exp2(b * std::log2(a)),
       (Dy dy, A a, B b), where(b == 0, 0, dy * (b * pow(a, b - 1))),
       (Dy dy, A a, B b, Y y), where((a == 0) * (b >= 0), 0, dy * (y * log(a))),
       "Each element of a to the power of b",
       static SampleInput a_range() { return {{}, 0.5, 2}; }
       static constexpr Bools bools = Bools::raised;
       static void check_exponent(const Tensor& a, Scalar b) {
         if (!a.is_floating_point() && b.kind() == int64 && b.to_int() < 0)
           fail(info.name,
                "a tensor of {} to the power of {}; expected an exponent of 0 or more, "
                "or a floating type",
                a.dtype(), b.to_int());
       }
       using Binary::call;
       template <std::derived_from<Tensor> A>
       static Tensor call(const A& a, Scalar b) {
         check_exponent(a, b);
         return Binary::call(a, b);
       }
       void forward(Inputs x, Outputs y) const {
         if (is_floating_point(y[0].dtype()) && x[1].dim() == 0 &&
             power_by_products(plain(x[0]), x[1].item().to<double>(), plain(y[0])))
           return;
         Binary::forward(x, y);
       }
       using Binary::call_in_place;
       static void call_in_place(const Tensor& x, Scalar b) {
         check_exponent(x, b);
         Binary::call_in_place(x, b);
       })

UNARY_WRAPPING(Neg, neg, -2, 2, -x, 0 - x,
               (Dy dy), -dy, "Negative of each element", static constexpr Bools bools = Bools::none;)
UNARY(Abs, abs, -2, 2, absolute(x), std::sqrt(x * x),
      (Dy dy, X x), dy * sign(x), "Absolute value of each element",
      static constexpr Bools bools = Bools::none;)
UNARY(Sign, sign, -2, 2, x > T(0) ? T(1) : x < T(0) ? T(-1) : T(0), x == 0 ? 0 : x / std::fabs(x),
      (Dy dy), zeros_like(dy), "-1, 0 or 1 for each element")
UNARY_WRAPPING(Square, square, -2, 2, x * x, std::pow(x, 2),
               (Dy dy, X x), dy * (2 * x), "Square of each element",
               static Dtype compute_type(Dtype d) { return d == boolean ? int64 : d; })
UNARY(Relu, relu, -2, 2, x < T(0) ? T(0) : x, (x + std::fabs(x)) / 2,
      (Dy dy, Y y), where(y <= 0, 0, dy), "max(x, 0) of each element",
      static constexpr Bools bools = Bools::none;)
UNARY_FLOATING(Exp, exp, -2, 2, std::exp(x), std::cosh(x) + std::sinh(x),
               (Dy dy, Y y), dy * y, "e to the power of each element")
UNARY_FLOATING(Log, log, 0.5, 3, std::log(x), 2 * std::atanh((x - 1) / (x + 1)),
               (Dy dy, X x), dy / x, "Natural logarithm of each element")
UNARY_FLOATING(Sqrt, sqrt, 0.5, 3, std::sqrt(x), std::exp(std::log(x) / 2),
               (Dy dy, Y y), dy / (2 * y), "Square root of each element")
UNARY_FLOATING(Sigmoid, sigmoid, -3, 3, T(1) / (T(1) + std::exp(-x)), (1 + std::tanh(x / 2)) / 2,
               (Dy dy, Y y), dy * (y * (1 - y)),
               "1 / (1 + exp(-x)) of each element")
UNARY_FLOATING(Tanh, tanh, -2, 2, std::tanh(x), (std::exp(2 * x) - 1) / (std::exp(2 * x) + 1),
               (Dy dy, Y y), dy * (1 - y * y), "Hyperbolic tangent of each element")
// clang-format on

struct Where {
  static constexpr OpInfo info{
      .name = "where",
      .formula = "y = condition ? a : b",
      .grad = "da = where(condition, dy, 0); db = where(condition, 0, dy)",
      .doc = "Elements of a where condition (boolean) holds, else of b; all broadcast",
      .broadcasts = true,
      .pointwise = true};
  static Tensor call(const Tensor& condition, const Operand& a, const Operand& b) {
    Tensor x = as_tensor(a, b), y = as_tensor(b, a);
    Dtype d = result_type(x, y);
    return apply(Where{}, condition, x.to(d), y.to(d));
  }
  void infer(Inputs x, Specs& y) const {
    if (x[0].dtype() != boolean)
      fail(info.name, "the condition is {}; expected boolean", x[0].dtype());
    Shape values = broadcast_shapes(info.name, x[1].sizes(), x[2].sizes());
    y.fresh(broadcast_shapes(info.name, x[0].sizes(), values), x[1].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    dispatch(y[0].dtype(), [&](auto t) {
      using T = decltype(t);
      kernels::map<T>(
          plain(y[0]), [](bool c, T a, T b) { return c ? a : b; },
          kernels::Source<bool>{plain(x[0])}, kernels::Source<T>{plain(x[1])},
          kernels::Source<T>{plain(x[2])});
    });
  }
  Tensor none(Dy) const { return {}; }
  Tensor da(Dy dy, In<0> c) const { return where(c, dy, 0); }
  Tensor db(Dy dy, In<0> c) const { return where(c, 0, dy); }
  static constexpr auto grads = rules(&Where::none, &Where::da, &Where::db);
  static Tensor reference(const tensor_list& x) {
    return map_reference(x, x[1].dtype(),
                         [](const long double* v) { return v[0] * v[1] + (1 - v[0]) * v[2]; });
  }
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{where(x[0], x[1], x[2])}; };
    auto slow = [](const tensor_list& x) { return tensor_list{reference(x)}; };
    SampleInput mask{{3, 4}, 0, 2, boolean};
    return {{{mask, {{3, 4}}, {{3, 4}}}, "same shape", run, slow},
            {{mask, {{}}, {{4}}}, "broadcast", run, slow}};
  }

 private:
  static Tensor as_tensor(const Operand& a, const Operand& other) {
    if (!a.number) return a.tensor;
    if (other.tensor.defined()) return scalar_like(*a.number, other.tensor);
    return number(*a.number, a.number->natural_dtype());
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/pointwise.def"
#include "autograd/ops/define.h"
