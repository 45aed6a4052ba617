#pragma once

// The bases of pointwise ops, and the lines that define one: UNARY, BINARY, COMPARE.

#include <cmath>
#include <concepts>

#include "autograd/kernels/pointwise.h"
#include "autograd/kernels/vector_map.h"
#include "autograd/kernels/wrapping.h"
#include "autograd/ops/element.h"
#include "autograd/ops/sample.h"

namespace taper::ops {

/// A number as a 0-dim tensor: rounded, wrapped or infinite where the type does not hold it.
Tensor number(Scalar s, Dtype dtype);
/// The type of a number beside x: x's, unless the number's category is higher.
Dtype number_dtype(Scalar s, const Tensor& x);
/// A number as a 0-dim tensor of the type that leaves x's category as promotion does.
Tensor scalar_like(Scalar s, const Tensor& x);
/// The type that a op b is computed in: 0-dim tensors raise it only across categories.
Dtype result_type(const Tensor& a, const Tensor& b);

std::vector<Sample> unary_samples(double lo, double hi, Sample::Function run,
                                  Sample::Function reference);
std::vector<Sample> binary_samples(SampleInput a, SampleInput b, Sample::Function run,
                                   Sample::Function reference);

/// y = f(x) element by element, broadcast, in long double: the slow truth.
Tensor map_reference(const tensor_list& x, Dtype out, long double (*f)(const long double* x));

/// How an op takes booleans: as any other type, only where another operand raises the type, or not
/// at all.
enum class Bools { any, raised, none };

/// What a unary op is computed in: x's type; that, signed integers wrapping around where they would
/// overflow; or a floating type, integers becoming the default one first.
enum class Numbers { any, wrapping, floating };

template <class Self, Numbers numbers>
struct Unary {
  static constexpr Bools bools = Bools::any;
  static Dtype compute_type(Dtype d) {
    return numbers == Numbers::floating && !is_floating_point(d) ? get_default_dtype() : d;
  }
  template <class X>
  static Tensor call(const X& x) {
    Dtype d = Self::compute_type(x.dtype());
    return x.dtype() == d ? apply(Self{}, x) : apply(Self{}, x.to(d));
  }
  static void call_in_place(const Tensor& x) { apply_in_place(Self{}, x); }
  void infer(Inputs x, Specs& y) const {
    Dtype d = x[0].dtype();
    if (d == boolean && Self::bools != Bools::any) fail_boolean(Self::info);
    y.fresh(x[0].sizes(), compute_type(d));
  }
  void forward(Inputs x, Outputs y) const {
    Buffer from = plain(x[0]), to = plain(y[0]);
    if constexpr (constexpr auto form = kernels::vector_form(Self::info.name); form)
      if (kernels::vector_map(*form, to, {&from})) return;
    auto run = [&](auto t) {
      using T = decltype(t);
      using C = std::conditional_t<numbers == Numbers::wrapping, kernels::Wrapping<T>, T>;
      constexpr auto work =
          numbers == Numbers::floating ? kernels::Work::calls : kernels::Work::vectors;
      kernels::map<T, work>(
          to, [](T v) { return T(Self::f(C(v))); }, kernels::Source<T>{from});
    };
    if constexpr (numbers == Numbers::floating)
      dispatch_floating(x[0].dtype(), run);
    else
      dispatch(x[0].dtype(), run);
  }
  static Tensor reference(const tensor_list& x) {
    return map_reference(x, x[0].dtype(), [](const long double* v) { return Self::truth(v[0]); });
  }
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{call(x[0])}; };
    auto slow = [](const tensor_list& x) { return tensor_list{reference(x)}; };
    std::vector<Sample> out = unary_samples(Self::lo, Self::hi, run, slow);
    if (numbers == Numbers::any)
      out.emplace_back(std::vector<SampleInput>{{{3, 4}, -2, 3, int64}}, "integers", run, slow);
    return out;
  }
};

/// What a binary op's result is: of the operands' type; that, signed integers wrapping around where
/// they would overflow; of a floating type; boolean.
enum class Result { same, wrapping, floating, boolean };

template <class Self, Result result>
struct Binary {
  static constexpr Bools bools = Bools::any;
  static void check_bool(Dtype operand) {
    if (operand == boolean && Self::bools == Bools::none) fail_boolean(Self::info);
  }
  static Dtype compute_type(const Tensor& a, const Tensor& b) {
    check_bool(a.dtype());
    check_bool(b.dtype());
    Dtype d = result_type(a, b);
    return result == Result::floating && !is_floating_point(d) ? get_default_dtype() : d;
  }
  template <std::derived_from<Tensor> A, std::derived_from<Tensor> B>
  static Tensor call(const A& a, const B& b) {
    Dtype d = compute_type(a, b);
    if (a.dtype() == d && b.dtype() == d) return apply(Self{}, a, b);
    return apply(Self{}, a.to(d), b.to(d));
  }
  template <std::derived_from<Tensor> A>
  static Tensor call(const A& a, Scalar b) {
    check_bool(b.kind());
    return call(a, scalar_like(b, a));
  }
  template <std::derived_from<Tensor> B>
  static Tensor call(Scalar a, const B& b) {
    check_bool(a.kind());
    return call(scalar_like(a, b), b);
  }

  static void call_in_place(const Tensor& x, const Tensor& other) {
    Dtype d = compute_type(x, other);
    if (info(d).category > info(x.dtype()).category)
      fail(Self::info.name, "in place, the result is {}; expected the tensor's own {}", d,
           x.dtype());
    if (d == x.dtype())
      apply_in_place(Self{}, x, other.to(d));
    else
      x.copy_(call(x, other));
  }
  static void call_in_place(const Tensor& x, Scalar other) {
    check_bool(other.kind());
    call_in_place(x, scalar_like(other, x));
  }

  void infer(Inputs x, Specs& y) const {
    if (x[0].dtype() == boolean && Self::bools != Bools::any) fail_boolean(Self::info);
    y.fresh(broadcast_shapes(Self::info.name, x[0].sizes(), x[1].sizes()),
            result == Result::boolean ? boolean : x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    Buffer a = plain(x[0]), b = plain(x[1]), to = plain(y[0]);
    dispatch(a.dtype, [&](auto t) {
      using T = decltype(t);
      using R = std::conditional_t<result == Result::boolean, bool, T>;
      using C = std::conditional_t<result == Result::wrapping, kernels::Wrapping<T>, T>;
      if constexpr (result != Result::floating || std::is_floating_point_v<T>)
        kernels::map<R>(
            to, [](T v, T w) { return R(Self::f(C(v), C(w))); }, kernels::Source<T>{a},
            kernels::Source<T>{b});
    });
  }
  static Tensor reference(const tensor_list& x) {
    return map_reference(x, result == Result::boolean ? boolean : x[0].dtype(),
                         [](const long double* v) { return Self::truth(v[0], v[1]); });
  }
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{call(x[0], x[1])}; };
    auto slow = [](const tensor_list& x) { return tensor_list{reference(x)}; };
    std::vector<Sample> out = binary_samples(Self::a_range(), Self::b_range(), run, slow);
    SampleInput few{{3, 4}, -1, 2, int64};
    if (result == Result::boolean)
      out.emplace_back(std::vector<SampleInput>{few, few}, "integers, some equal", run, slow);
    return out;
  }
  static SampleInput a_range() { return {{}, -2, 2}; }
  static SampleInput b_range() { return {{}, -2, 2}; }
};

/// struct, name, sample range, y = f(x), the same in long double by another identity (the slow
/// truth), what the rule reads, dx, doc, further members.
#define UNARY_OF(S, op, numbers, from, to, y, slow, reads, dx_, text, ...)                        \
  struct S : Unary<S, Numbers::numbers> {                                                         \
    static constexpr OpInfo info{                                                                 \
        .name = #op, .formula = "y = " #y, .grad = "dx = " #dx_, .doc = text, .pointwise = true}; \
    static constexpr double lo = from, hi = to;                                                   \
    template <class T>                                                                            \
    static T f(T x) {                                                                             \
      return T(y);                                                                                \
    }                                                                                             \
    static long double truth(long double x) { return slow; }                                      \
    Tensor dx reads const { return dx_; }                                                         \
    ELEMENT_RULE(ElementDx, reads, dx_)                                                           \
    template <size_t>                                                                             \
    static Tensor one_pass(BackwardContext& c) requires ElementDx<float>::exists {                \
      return in_one_pass<0, ElementDx>(&S::dx, c);                                                \
    }                                                                                             \
    static constexpr auto grads = rules(&S::dx);                                                  \
    __VA_ARGS__                                                                                   \
  };
#define UNARY(S, op, from, to, y, slow, reads, dx, text, ...) \
  UNARY_OF(S, op, any, from, to, y, slow, reads, dx, text, __VA_ARGS__)
#define UNARY_WRAPPING(S, op, from, to, y, slow, reads, dx, text, ...) \
  UNARY_OF(S, op, wrapping, from, to, y, slow, reads, dx, text, __VA_ARGS__)
#define UNARY_FLOATING(S, op, from, to, y, slow, reads, dx, text) \
  UNARY_OF(S, op, floating, from, to, y, slow, reads, dx, text, )

/// struct, name, y = f(a, b), the slow truth, what da reads, da, what db reads, db, doc, further
/// members.
#define BINARY(S, op, result, y, slow, reads_a, da_, reads_b, db_, text, ...)                \
  struct S : Binary<S, Result::result> {                                                     \
    static constexpr OpInfo info{.name = #op,                                                \
                                 .formula = "y = " #y,                                       \
                                 .grad = "da = " #da_ "; db = " #db_,                        \
                                 .doc = text,                                                \
                                 .broadcasts = true,                                         \
                                 .pointwise = true};                                         \
    template <class T>                                                                       \
    static T f(T a, T b) {                                                                   \
      return T(y);                                                                           \
    }                                                                                        \
    static long double truth(long double a, long double b) { return slow; }                  \
    Tensor da reads_a const { return da_; }                                                  \
    Tensor db reads_b const { return db_; }                                                  \
    ELEMENT_RULE(ElementDa, reads_a, da_)                                                    \
    ELEMENT_RULE(ElementDb, reads_b, db_)                                                    \
    template <size_t I>                                                                      \
    static Tensor one_pass(BackwardContext& c) requires(I == 0 ? ElementDa<float>::exists    \
                                                               : ElementDb<float>::exists) { \
      if constexpr (I == 0)                                                                  \
        return in_one_pass<0, ElementDa>(&S::da, c);                                         \
      else                                                                                   \
        return in_one_pass<1, ElementDb>(&S::db, c);                                         \
    }                                                                                        \
    static constexpr auto grads = rules(&S::da, &S::db);                                     \
    __VA_ARGS__                                                                              \
  };

/// struct, name, a ? b, the slow truth, doc: a boolean result without gradient.
#define COMPARE(S, op, y, slow, text)                                       \
  struct S : Binary<S, Result::boolean> {                                   \
    static constexpr OpInfo info{                                           \
        .name = #op, .formula = "y = " #y, .doc = text, .pointwise = true}; \
    template <class T>                                                      \
    static bool f(T a, T b) {                                               \
      return y;                                                             \
    }                                                                       \
    static long double truth(long double a, long double b) { return slow; } \
  };

}  // namespace taper::ops
