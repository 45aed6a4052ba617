#include "autograd/kernels/pointwise.h"
#include "autograd/kernels/random.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// Base of the ops that draw every element of x, in row-major order, from the global generator.
template <class Self>
struct RandomFill {
  void infer(Inputs x, Specs& y) const {
    static_cast<const Self*>(this)->check(x[0].dtype());
    y.write(0);
    if (!x[0].is_contiguous()) y.scratch(x[0].nbytes());
  }
  void forward(Inputs, Outputs y) const {
    Buffer out = plain(y[0]);
    if (out.contiguous) return draw(out);
    Buffer packed = out;
    Shape strides = contiguous_strides(out.sizes);
    packed.data = y.scratch();
    packed.strides = strides;
    packed.contiguous = true;
    draw(packed);
    dispatch(out.dtype, [&](auto t) { kernels::copy<decltype(t)>(packed, out); });
  }
  static std::vector<Sample> samples() { return {}; }

 private:
  void draw(const Buffer& out) const {
    static_cast<const Self*>(this)->draw_into(default_generator(), out);
  }
};

struct Uniform : RandomFill<Uniform> {
  static constexpr OpInfo info{.name = "uniform_",
                               .formula = "x ~ U(from, to)",
                               .doc = "Fills with uniform numbers in [from, to)"};
  double from = 0, to = 1;
  FIELDS(from, to)
  void check(Dtype d) const {
    check_floating(info, d);
    if (!(from <= to)) fail(info.name, "from {} to {}; expected from <= to", from, to);
  }
  void draw_into(Generator& g, const Buffer& out) const {
    dispatch_floating(out.dtype, [&](auto t) {
      kernels::uniform(g, out.as<decltype(t)>(), out.numel, from, to);
    });
  }
};

struct Normal : RandomFill<Normal> {
  static constexpr OpInfo info{
      .name = "normal_", .formula = "x ~ N(mean, std^2)", .doc = "Fills with normal numbers"};
  double mean = 0, std = 1;
  FIELDS(mean, std)
  void check(Dtype d) const {
    check_floating(info, d);
    if (!(std >= 0)) fail(info.name, "std {}; expected 0 or more", std);
  }
  void draw_into(Generator& g, const Buffer& out) const {
    dispatch_floating(out.dtype, [&](auto t) {
      kernels::normal(g, out.as<decltype(t)>(), out.numel, mean, std);
    });
  }
};

struct RandomRange : RandomFill<RandomRange> {
  static constexpr OpInfo info{.name = "random_",
                               .formula = "x ~ integers in [low, high)",
                               .doc = "Fills with integers in [low, high)"};
  int64_t low = 0, high = 1;
  FIELDS(low, high)
  void check(Dtype) const {
    if (low >= high) fail(info.name, "low {} and high {}; expected low < high", low, high);
  }
  void draw_into(Generator& g, const Buffer& out) const {
    dispatch(out.dtype, [&](auto t) {
      using T = decltype(t);
      kernels::random_range(g, out.as<T>(), out.numel, low, high);
    });
  }
};

struct Bernoulli : RandomFill<Bernoulli> {
  static constexpr OpInfo info{.name = "bernoulli_",
                               .formula = "x = 1 with probability p, else 0",
                               .doc = "Fills with 0 and 1"};
  double p = 0.5;
  FIELDS(p)
  void check(Dtype) const {
    if (!(p >= 0 && p <= 1)) fail(info.name, "p {}; expected 0 to 1", p);
  }
  void draw_into(Generator& g, const Buffer& out) const {
    dispatch(out.dtype,
             [&](auto t) { kernels::bernoulli(g, out.as<decltype(t)>(), out.numel, p); });
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/random.def"
#include "autograd/ops/define.h"
