#include <complex>
#include <numbers>

#include "autograd/kernels/random.h"
#include "autograd/kernels/strided_copy.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/reference.h"
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
    kernels::strided_copy(packed, out);
  }
  /// Fills from a seed in float32, float64, and in float64 through a view in other strides; the
  /// slow truth is `truth(generator, n, dtype)`, n numbers drawn one after the other.
  static std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (int64_t rows : {2, 5})
      for (Dtype d : {float32, float64})
        for (bool turned : {false, true}) {
          auto run = [=](const tensor_list& x) { return tensor_list{filled(x[0], d, turned)}; };
          auto slow = [=](const tensor_list& x) { return tensor_list{expected(x[0], d, turned)}; };
          std::vector<SampleInput> inputs{{{rows, 4}, 0, 1, float32, false}};
          out.emplace_back(inputs, fmt::format("{}{}", d, turned ? ", transposed" : ""), run, slow);
        }
    return out;
  }

 private:
  static constexpr uint64_t seed = 7;
  void draw(const Buffer& out) const {
    static_cast<const Self*>(this)->draw_into(default_generator(), out);
  }
  /// The generator's state is as before afterwards.
  static Tensor filled(const Tensor& x, Dtype d, bool turned) {
    Tensor y = zeros(x.sizes(), {.dtype = d});
    if (turned) y = y.transpose(0, -1);
    GeneratorState before = default_generator().get_state();
    manual_seed(seed);
    apply(Self::sample(), y);
    default_generator().set_state(before);
    return y;
  }
  static Tensor expected(const Tensor& x, Dtype d, bool turned) {
    Shape sizes = x.sizes();
    if (turned && !sizes.empty()) std::swap(sizes[0], sizes.back());
    Generator generator(seed);
    std::vector<double> values =
        d == float32 ? Self::sample().template truth<float>(generator, size_t(x.numel()))
                     : Self::sample().template truth<double>(generator, size_t(x.numel()));
    size_t n = 0;
    return tabulate(sizes, d, [&](const Shape&) { return values.at(n++); });
  }
};

/// n numbers that `draw` gives one after the other.
template <class F>
static std::vector<double> drawn(size_t n, F draw) {
  std::vector<double> out(n);
  for (double& v : out) v = draw();
  return out;
}

struct Uniform : RandomFill<Uniform> {
  static constexpr OpInfo info{.name = "uniform_",
                               .formula = "x ~ U(from, to)",
                               .doc = "Fills with uniform numbers in [from, to)"};
  double from = 0, to = 1;
  FIELDS(from, to)
  static Uniform sample() { return {{}, -1, 3}; }
  void check(Dtype d) const { check_floating(info, d); }
  template <class T>
  std::vector<double> truth(Generator& g, size_t n) const {
    return drawn(n, [&] { return from + double(g.unit<T>()) * (to - from); });
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
  static Normal sample() { return {{}, 1, 2}; }
  void check(Dtype d) const { check_floating(info, d); }
  template <class T>
  std::vector<double> truth(Generator& g, size_t n) const;
  void draw_into(Generator& g, const Buffer& out) const {
    dispatch_floating(out.dtype, [&](auto t) {
      kernels::normal(g, out.as<decltype(t)>(), out.numel, mean, std);
    });
  }
};

/// Fewer than 16 are the generator's own normals. Of 16 and more, each block of 16 uniform numbers
/// becomes eight points of the plane, which a distance and an angle give; the last block is drawn
/// again.
template <class T>
std::vector<double> Normal::truth(Generator& g, size_t n) const {
  if (n < 16) return drawn(n, [&] { return g.normal() * std + mean; });
  std::vector<double> out = drawn(n, [&] { return double(g.unit<T>()); });
  auto to_points = [&](size_t at) {
    for (size_t j = at; j < at + 8; ++j) {
      auto point = std::polar(std::sqrt(-2 * std::log(1 - out[j])),
                              double(T(2 * std::numbers::pi)) * out[j + 8]);
      out[j] = point.real() * std + mean;
      out[j + 8] = point.imag() * std + mean;
    }
  };
  for (size_t at = 0; at + 16 <= n; at += 16) to_points(at);
  if (n % 16 == 0) return out;
  for (size_t i = n - 16; i < n; ++i) out[i] = double(g.unit<T>());
  to_points(n - 16);
  return out;
}

struct RandomRange : RandomFill<RandomRange> {
  static constexpr OpInfo info{.name = "random_",
                               .formula = "x ~ integers in [low, high)",
                               .doc = "Fills with integers in [low, high)"};
  int64_t low = 0, high = 1;
  FIELDS(low, high)
  static RandomRange sample() { return {{}, -3, 12}; }
  void check(Dtype) const {}
  template <class T>
  std::vector<double> truth(Generator& g, size_t n) const {
    return drawn(n, [&] { return double(low + int64_t(g.r32()) % (high - low)); });
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
  static Bernoulli sample() { return {{}, 0.3}; }
  void check(Dtype) const {}
  template <class T>
  std::vector<double> truth(Generator& g, size_t n) const {
    return drawn(n, [&] { return g.unit<double>() >= p ? 0 : 1; });
  }
  void draw_into(Generator& g, const Buffer& out) const {
    dispatch(out.dtype,
             [&](auto t) { kernels::bernoulli(g, out.as<decltype(t)>(), out.numel, p); });
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/random.def"
#include "autograd/ops/define.h"
