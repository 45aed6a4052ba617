#include "autograd/kernels/pointwise.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autograd/ops/reference.h"
#include "autograd/tensor/factories.h"
#include "autograd/tensor/threads.h"

namespace {

using namespace taper;
using kernels::Source;
using ops::broadcast_at;
using ops::element_at;
using ops::for_each_index;

const std::vector<Shape> shapes{{},        {1},       {37},           {5, 63},      {5, 64},
                                {5, 65},   {300, 3},  {2, 3, 4, 5},   {3, 1, 2, 7}, {3, 1025},
                                {2100, 1}, {130, 17}, {4, 600, 2, 2}, {170, 513}};

/// A tensor of that shape for each way that its elements can lie.
std::vector<Tensor> layouts(const Shape& sizes) {
  std::vector<Tensor> out{randn(sizes)};
  if (sizes.empty()) return out;
  Shape twice = sizes, turned(sizes.size(), 0);
  twice.back() *= 2;
  out.push_back(randn(twice).slice(-1, 0, twice.back(), 2));
  for (size_t d = 0; d < sizes.size(); ++d) turned[d] = sizes[sizes.size() - 1 - d];
  Shape order(sizes.size(), 0);
  for (size_t d = 0; d < sizes.size(); ++d) order[d] = int64_t(sizes.size() - 1 - d);
  out.push_back(randn(turned).permute(order));
  return out;
}

/// Operands that broadcast to that shape: layouts of it, a number, and each dimension left alone.
std::vector<Tensor> operands(const Shape& sizes) {
  std::vector<Tensor> out = layouts(sizes);
  out.push_back(randn({}));
  for (size_t d = 0; d < sizes.size(); ++d) {
    Shape one(sizes.size(), 1), others = sizes;
    one[d] = sizes[d];
    others[d] = 1;
    out.push_back(randn(one));
    out.push_back(randn(others));
    out.push_back(randn(one).expand(sizes));
  }
  return out;
}

float f(float a, float b) { return a * 2 - b; }

void run(const Tensor& y, const Tensor& a, const Tensor& b) {
  kernels::map<float>(
      plain(y), [](float p, float q) { return f(p, q); }, Source<float>{plain(a)},
      Source<float>{plain(b)});
}

/// Whether y holds f(a, b), read one by one.
bool holds(const Tensor& y, const Tensor& a, const Tensor& b) {
  bool same = true;
  for_each_index(y.sizes(), [&](const Shape& i) {
    same &= element_at(y, i) == double(f(float(broadcast_at(a, i)), float(broadcast_at(b, i))));
  });
  return same;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pointwise_loops)

BOOST_AUTO_TEST_CASE(operands_of_every_form) {
  for (const Shape& sizes : shapes) {
    Tensor first = randn(sizes);
    for (const Tensor& x : operands(sizes)) {
      Tensor y = empty(sizes), z = empty(sizes);
      run(y, x, first);
      run(z, first, x);
      BOOST_TEST(holds(y, x, first), "shape " << sizes << ", strides " << x.strides());
      BOOST_TEST(holds(z, first, x), "shape " << sizes << ", strides " << x.strides());
    }
  }
}

BOOST_AUTO_TEST_CASE(two_forms_at_once) {
  for (const Shape& sizes : {Shape{300, 3}, Shape{5, 65}, Shape{2, 3, 4, 5}})
    for (const Tensor& a : operands(sizes))
      for (const Tensor& b : operands(sizes)) {
        Tensor y = empty(sizes);
        run(y, a, b);
        BOOST_TEST(holds(y, a, b), "strides " << a.strides() << " and " << b.strides());
      }
}

BOOST_AUTO_TEST_CASE(results_of_every_form_and_in_place) {
  for (const Shape& sizes : shapes)
    for (const Tensor& y : layouts(sizes))
      for (const Tensor& x : operands(sizes)) {
        Tensor before = y.clone();
        run(y, y, x);
        BOOST_TEST(holds(y, before, x),
                   "shape " << sizes << ", strides " << y.strides() << " and " << x.strides());
      }
}

BOOST_AUTO_TEST_CASE(threads_change_nothing) {
  Tensor a = randn({700, 513}), row = randn({513}), column = randn({700, 1}), y = empty_like(a);
  int before = get_num_threads();
  for (int threads : {1, 2, 3}) {
    set_num_threads(threads);
    for (const Tensor& b : {a, row, column, randn({513, 700}).t()}) {
      run(y, a, b);
      BOOST_TEST(holds(y, a, b), threads << " threads, strides " << b.strides());
    }
  }
  set_num_threads(before);
}

BOOST_AUTO_TEST_CASE(elements_of_several_sizes) {
  Tensor mask = randn({37, 29}) > 0, row = (randn({29}) > 0),
         y = empty({37, 29}, {.dtype = float64});
  Tensor value = randn({37, 1}, {.dtype = float64});
  kernels::map<double>(
      plain(y), [](bool m, bool r, double v) { return m == r ? v : -1; }, Source<bool>{plain(mask)},
      Source<bool>{plain(row)}, Source<double>{plain(value)});
  for_each_index(y.sizes(), [&](const Shape& i) {
    bool equal = broadcast_at(mask, i) == broadcast_at(row, i);
    BOOST_TEST(element_at(y, i) == (equal ? broadcast_at(value, i) : -1));
  });
}

BOOST_AUTO_TEST_CASE(memory_of_any_alignment) {
  for (int64_t skip = 0; skip < 17; ++skip)
    for (int64_t n : {1, 7, 64, 129}) {
      Tensor a = randn({200}).slice(0, skip, skip + n), b = randn({200}).slice(0, 0, n);
      Tensor whole = zeros({200}), y = whole.slice(0, 1, n + 1);
      run(y, a, b);
      BOOST_TEST(holds(y, a, b));
      BOOST_TEST((whole[0].item<float>() == 0 && whole[n + 1].item<float>() == 0));
    }
}

BOOST_AUTO_TEST_SUITE_END()
