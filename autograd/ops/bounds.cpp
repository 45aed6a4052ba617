#include "autograd/ops/pointwise.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// The larger one; NaN if either is.
template <class T>
static T larger(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
static T smaller(T a, T b) {
  return a < b || a != a ? a : b;
}

// clang-format off
BINARY(Maximum, maximum, same, larger(a, b), (a + b + std::fabs(a - b)) / 2,
       (Dy dy, A a, B b), where(a == b, dy / 2, where(a < b, 0, dy)),
       (Dy dy, A a, B b), where(a == b, dy / 2, where(a > b, 0, dy)),
       "Larger of each pair of elements; equal ones share the gradient, NaN propagates")
BINARY(Minimum, minimum, same, smaller(a, b), (a + b - std::fabs(a - b)) / 2,
       (Dy dy, A a, B b), where(a == b, dy / 2, where(a > b, 0, dy)),
       (Dy dy, A a, B b), where(a == b, dy / 2, where(a < b, 0, dy)),
       "Smaller of each pair of elements; equal ones share the gradient, NaN propagates")
// clang-format on

/// Inputs x, min, max, of one type; an undefined bound is none.
struct Clamp {
  static constexpr OpInfo info{
      .name = "clamp",
      .formula = "y = min(max(x, min), max)",
      .grad =
          "dx = min <= x <= max ? dy : 0; dmin = x < min < max ? dy : 0; "
          "dmax = max < x or max < min ? dy : 0",
      .doc =
          "Elements below min become min, those above max become max; bounds are numbers or "
          "tensors that broadcast, NaN propagates",
      .broadcasts = true,
      .pointwise = true};
  template <class X>
  static Tensor call(const X& x, const Operand& min, const Operand& max) {
    Tensor lo = bound(min, x), hi = bound(max, x);
    Dtype d = compute_type(x, lo, hi);
    lo = in_type(lo, d), hi = in_type(hi, d);
    return x.dtype() == d ? apply(Clamp{}, x, lo, hi) : apply(Clamp{}, x.to(d), lo, hi);
  }
  static void call_in_place(const Tensor& x, const Operand& min, const Operand& max) {
    Tensor lo = bound(min, x), hi = bound(max, x);
    Dtype d = compute_type(x, lo, hi);
    if (taper::info(d).category > taper::info(x.dtype()).category)
      fail(info.name, "in place, the result is {}; expected the tensor's own {}", d, x.dtype());
    apply_in_place(Clamp{}, x, in_type(lo, x.dtype()), in_type(hi, x.dtype()));
  }
  void infer(Inputs x, Specs& y) const {
    Shape sizes(x[0].sizes());
    for (size_t i : {1, 2})
      if (x[i].defined()) sizes = broadcast_shapes(info.name, sizes, x[i].sizes());
    y.fresh(sizes, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    dispatch(y[0].dtype(), [&](auto t) {
      using T = decltype(t);
      Buffer lo = plain(x[1]), hi = plain(x[2]), out = plain(y[0]);
      kernels::Source<T> in{plain(x[0])}, from{lo}, to{hi};
      if (!x[2].defined())
        kernels::map<T>(
            out, [](T v, T a) { return raised(v, a); }, in, from);
      else if (!x[1].defined())
        kernels::map<T>(
            out, [](T v, T b) { return lowered(v, b); }, in, to);
      else
        kernels::map<T>(
            out, [](T v, T a, T b) { return lowered(raised(v, a), b); }, in, from, to);
    });
  }
  Tensor dx(Dy dy, X x, In<1> lo, In<2> hi) const {
    if (!lo.defined()) return where(x <= hi, dy, 0);
    if (!hi.defined()) return where(x >= lo, dy, 0);
    return where((x >= lo) * (x <= hi), dy, 0);
  }
  Tensor dmin(Dy dy, X x, In<1> lo, In<2> hi) const {
    return where(hi.defined() ? (x < lo) * (lo < hi) : x < lo, dy, 0);
  }
  Tensor dmax(Dy dy, X x, In<1> lo, In<2> hi) const {
    return where(lo.defined() ? (x > hi) + (hi < lo) : x > hi, dy, 0);
  }
  static constexpr auto grads = rules(&Clamp::dx, &Clamp::dmin, &Clamp::dmax);
  static Tensor reference(const tensor_list& x) {
    return map_reference(x, x[0].dtype(), [](const long double* v) {
      return v[0] < v[1] ? std::fmin(v[1], v[2]) : std::fmin(v[0], v[2]);
    });
  }
  static std::vector<Sample> samples() {
    auto run = [](const tensor_list& x) { return tensor_list{x[0].clamp(x[1], x[2])}; };
    auto slow = [](const tensor_list& x) { return tensor_list{reference(x)}; };
    return {{{{{3, 4}}, {{3, 4}, -1.5, 0}, {{4}, 0, 1.5}}, "tensors", run, slow},
            {{{{3, 4}}, {{}, -1.5, 0}, {{}, 0, 1.5}}, "0-dim tensors", run, slow},
            Sample(
                {{{35}}}, "-0.5, 1", [](auto& x) { return tensor_list{x[0].clamp(-0.5, 1)}; },
                by_numbers<-1>)
                .with_in_place([](auto& x) { return tensor_list{x[0].clamp_(-0.5, 1)}; }),
            {{{{35}}},
             "none, 1",
             [](auto& x) { return tensor_list{x[0].clamp({}, 1)}; },
             by_numbers<-9>}};
  }
  /// Between half of `twice_min` and 1.
  template <int twice_min>
  static tensor_list by_numbers(const tensor_list& x) {
    return {map_reference(x, x[0].dtype(), [](const long double* v) {
      return std::fmin(std::fmax(*v, twice_min / 2.0), 1);
    })};
  }

 private:
  template <class T>
  static T raised(T v, T lo) {
    return v < lo || lo != lo ? lo : v;
  }
  template <class T>
  static T lowered(T v, T hi) {
    return v > hi || hi != hi ? hi : v;
  }
  static Tensor bound(const Operand& b, const Tensor& x) {
    if (!b.number) return b.tensor;
    check_fits(info.name, *b.number, number_dtype(*b.number, x));
    return scalar_like(*b.number, x);
  }
  static Dtype compute_type(const Tensor& x, const Tensor& lo, const Tensor& hi) {
    if (!lo.defined() && !hi.defined())
      fail(info.name, "neither min nor max; expected at least one");
    Dtype d = x.dtype();
    for (const Tensor* b : {&lo, &hi})
      if (b->defined()) d = promote_types(d, result_type(x, *b));
    return d;
  }
  static Tensor in_type(const Tensor& t, Dtype d) { return t.defined() ? t.to(d) : t; }
};

struct ClampBelow {
  static constexpr OpInfo info{
      .name = "clamp", .formula = "y = max(x, min)", .doc = "clamp with a lower bound alone"};
  template <class X>
  static Tensor call(const X& x, const Operand& min) {
    return Clamp::call(x, min, {});
  }
  static void call_in_place(const Tensor& x, const Operand& min) {
    Clamp::call_in_place(x, min, {});
  }
  static std::vector<Sample> samples() {
    return {Sample(
                {{{35}}}, "-0.5", [](auto& x) { return tensor_list{x[0].clamp(-0.5)}; },
                [](auto& x) {
                  return tensor_list{map_reference(
                      x, x[0].dtype(), [](const long double* v) { return std::fmax(*v, -0.5); })};
                })
                .with_in_place([](auto& x) { return tensor_list{x[0].clamp_(-0.5)}; })};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/bounds.def"
#include "autograd/ops/define.h"
