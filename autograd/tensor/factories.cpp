#include "autograd/tensor/factories.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/view.h"
#include "autograd/kernels/random.h"
#include "autograd/tensor/error.h"

namespace taper {

Dtype NestedList::dtype() const {
  if (!is_list_) return dtype_ == float64 ? get_default_dtype() : dtype_;
  Dtype d = list_.empty() ? get_default_dtype() : list_[0].dtype();
  for (const NestedList& item : list_) d = promote_types(d, item.dtype());
  return d;
}

static void check_sizes(std::string_view op, IntList sizes, Dtype dtype) {
  int64_t bytes = int64_t(info(dtype).size);
  for (int64_t s : sizes) {
    if (s < 0) fail(op, "shape {} has a negative size; expected 0 or more", sizes);
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(s, 1), &bytes))
      fail(op, "shape {} is too large; expected fewer than 2^63 bytes", sizes);
  }
}

static Tensor with_grad(const Tensor& t, const TensorOptions& options) {
  if (options.requires_grad) t.requires_grad_();
  return t;
}

/// Uninitialised, without grad.
static Tensor allocated(const char* op, IntList sizes, std::optional<Dtype> wanted) {
  Dtype dtype = wanted.value_or(get_default_dtype());
  check_sizes(op, sizes, dtype);
  auto t = Ref<TensorImpl>::first(new TensorImpl);
  t->dtype = dtype;
  t->set_packed(sizes, op);
  t->inference = thread_state.inference;
  t->storage = Storage::create(t->nbytes());
  return Tensor(std::move(t));
}

Tensor empty(IntList sizes, const TensorOptions& options) {
  return with_grad(allocated("empty", sizes, options.dtype), options);
}

static Tensor filled(const char* op, IntList sizes, Scalar value, const TensorOptions& options) {
  Tensor t = allocated(op, sizes, options.dtype);
  check_fits(op, value, t.dtype());
  Buffer b = plain(t);
  dispatch(b.dtype, [&](auto v) {
    using T = decltype(v);
    std::fill_n(b.as<T>(), b.numel, value.to<T>());
  });
  return with_grad(t, options);
}

Tensor full(IntList sizes, Scalar value, const TensorOptions& options) {
  return filled("full", sizes, value,
                {.dtype = options.dtype.value_or(value.natural_dtype()),
                 .requires_grad = options.requires_grad});
}

Tensor zeros(IntList sizes, const TensorOptions& options) {
  return filled("zeros", sizes, 0, options);
}
Tensor ones(IntList sizes, const TensorOptions& options) {
  return filled("ones", sizes, 1, options);
}
Tensor fill(IntList sizes, Scalar value, const TensorOptions& options) {
  return full(sizes, value, options);
}
Tensor scalar_tensor(Scalar value, const TensorOptions& options) {
  return filled("scalar_tensor", {}, value, options);
}

static void measure(const NestedList& list, size_t depth, Shape& sizes) {
  if (!list.is_list()) return;
  if (depth == sizes.size()) sizes.push_back(int64_t(list.list().size()));
  if (!list.list().empty()) measure(list.list()[0], depth + 1, sizes);
}

template <class T>
static void flatten_into(const NestedList& list, const Shape& sizes, size_t depth, T*& out) {
  bool is_list = depth < sizes.size();
  if (list.is_list() != is_list || (is_list && int64_t(list.list().size()) != sizes[depth]))
    fail("tensor", "the nested lists are ragged; expected shape {} throughout", sizes);
  if (!is_list) {
    *out++ = list.value().to<T>();
    return;
  }
  for (const NestedList& item : list.list()) flatten_into(item, sizes, depth + 1, out);
}

Tensor tensor(const NestedList& values, const TensorOptions& options) {
  Shape sizes;
  measure(values, 0, sizes);
  Tensor t = empty(sizes, {.dtype = options.dtype.value_or(values.dtype())});
  Buffer b = plain(t);
  dispatch(b.dtype, [&](auto v) {
    auto* out = b.as<decltype(v)>();
    flatten_into(values, sizes, 0, out);
  });
  return with_grad(t, options);
}

Tensor arange(Scalar end, const TensorOptions& options) { return arange(0, end, 1, options); }
Tensor arange(Scalar start, Scalar end, const TensorOptions& options) {
  return arange(start, end, 1, options);
}

/// How many of start, start + step, ... come before end; exact where doubles are not.
static int64_t steps_between(int64_t start, int64_t end, int64_t step) {
  bool up = step > 0;
  uint64_t from = uint64_t(up ? start : end), to = uint64_t(up ? end : start);
  uint64_t distance = to - from, by = up ? uint64_t(step) : -uint64_t(step);
  return int64_t(distance / by + (distance % by != 0));
}

Tensor arange(Scalar start, Scalar end, Scalar step, const TensorOptions& options) {
  double from = start.to_double(), to = end.to_double(), by = step.to_double();
  if (!std::isfinite(from) || !std::isfinite(to) || !std::isfinite(by) || by == 0 ||
      (to != from && (to < from) != (by < 0)))
    fail("arange", "from {} to {} with step {}; expected a step that leads there", from, to, by);
  bool integers = start.kind() != float64 && end.kind() != float64 && step.kind() != float64;
  Dtype dtype = options.dtype.value_or(integers ? int64 : get_default_dtype());
  int64_t size = integers ? steps_between(start.to_int(), end.to_int(), step.to_int())
                          : int64_t(std::min(std::ceil((to - from) / by), 0x1p62));
  Tensor t = allocated("arange", {size}, dtype);
  Buffer b = plain(t);
  dispatch(dtype, [&](auto v) {
    using T = decltype(v);
    for (int64_t i = 0; i < b.numel; ++i)
      b.as<T>()[i] = integers ? T(start.to_int() + i * step.to_int()) : T(from + double(i) * by);
  });
  return with_grad(t, options);
}

Tensor linspace(Scalar start, Scalar end, int64_t steps, const TensorOptions& options) {
  if (steps < 0) fail("linspace", "{} steps; expected 0 or more", steps);
  Tensor t = allocated("linspace", {steps}, options.dtype);
  Buffer b = plain(t);
  dispatch(b.dtype, [&](auto v) {
    using T = decltype(v);
    using R = std::conditional_t<std::is_floating_point_v<T>, T, double>;
    R from = start.to<R>(), to = end.to<R>(), by = steps > 1 ? (to - from) / R(steps - 1) : R(0);
    for (int64_t i = 0; i < steps; ++i)  // from both ends, so that both are exact
      b.as<T>()[i] = T(i < steps / 2 || steps == 1 ? std::fma(by, R(i), from)
                                                   : std::fma(-by, R(steps - 1 - i), to));
  });
  return with_grad(t, options);
}

Tensor eye(int64_t n, const TensorOptions& options) { return eye(n, n, options); }

Tensor eye(int64_t n, int64_t m, const TensorOptions& options) {
  Tensor t = filled("eye", {n, m}, 0, {.dtype = options.dtype});
  t.diagonal().fill_(1);
  return with_grad(t, options);
}

Tensor one_hot(const Tensor& labels, int64_t classes) {
  if (labels.dtype() != int64) fail("one_hot", "labels are {}; expected int64", labels.dtype());
  Tensor packed = labels.contiguous();
  const int64_t* in = packed.data_ptr<int64_t>();
  int64_t n = packed.numel();
  if (classes < 0) {
    if (n == 0) fail("one_hot", "no labels and no number of classes; expected one of them");
    classes = *std::max_element(in, in + n) + 1;
  }
  for (int64_t i = 0; i < n; ++i)
    if (in[i] < 0 || in[i] >= classes)
      fail_index("one_hot", "label {} is out of range; expected 0 to {}", in[i], classes - 1);
  Shape sizes = labels.sizes();
  sizes.push_back(classes);
  Tensor t = zeros(sizes, {.dtype = int64});
  for (int64_t i = 0; i < n; ++i) t.data_ptr<int64_t>()[i * classes + in[i]] = 1;
  return t;
}

Tensor rand(IntList sizes, const TensorOptions& options) {
  Tensor t = allocated("rand", sizes, options.dtype);
  NoGradGuard no_grad;
  return with_grad(t.uniform_(), options);
}

Tensor randn(IntList sizes, const TensorOptions& options) {
  Tensor t = allocated("randn", sizes, options.dtype);
  NoGradGuard no_grad;
  return with_grad(t.normal_(), options);
}

Tensor randint(int64_t high, IntList sizes, const TensorOptions& options) {
  return randint(0, high, sizes, options);
}

Tensor randint(int64_t low, int64_t high, IntList sizes, const TensorOptions& options) {
  Tensor t = allocated("randint", sizes, options.dtype.value_or(int64));
  NoGradGuard no_grad;
  return with_grad(t.random_(low, high), options);
}

Tensor randperm(int64_t n, const TensorOptions& options) {
  if (n < 0) fail("randperm", "n is {}; expected 0 or more", n);
  Tensor t = empty({n}, {.dtype = int64});
  kernels::randperm(default_generator(), t.data_ptr<int64_t>(), n);
  return with_grad(options.dtype ? t.to(*options.dtype) : t, options);
}

static TensorOptions like(const Tensor& x, TensorOptions options) {
  if (!options.dtype) options.dtype = x.dtype();
  return options;
}

Tensor empty_like(const Tensor& x, const TensorOptions& o) { return empty(x.sizes(), like(x, o)); }
Tensor zeros_like(const Tensor& x, const TensorOptions& o) { return zeros(x.sizes(), like(x, o)); }
Tensor ones_like(const Tensor& x, const TensorOptions& o) { return ones(x.sizes(), like(x, o)); }
Tensor full_like(const Tensor& x, Scalar value, const TensorOptions& o) {
  return full(x.sizes(), value, like(x, o));
}
Tensor rand_like(const Tensor& x, const TensorOptions& o) { return rand(x.sizes(), like(x, o)); }
Tensor randn_like(const Tensor& x, const TensorOptions& o) { return randn(x.sizes(), like(x, o)); }

/// Elements from the first to the last that the strides reach.
static int64_t elements_reached(IntList sizes, IntList strides) {
  if (strides.size() != sizes.size())
    fail("from_blob", "{} strides for {} sizes; expected as many", strides.size(), sizes.size());
  int64_t elements = numel(sizes, "from_blob") ? 1 : 0;
  for (size_t d = 0; d < sizes.size() && elements; ++d) {
    int64_t reach = 0;
    if (strides[d] < 0)
      fail("from_blob", "strides {} hold a negative one; expected 0 or more", strides);
    if (__builtin_mul_overflow(sizes[d] - 1, strides[d], &reach) ||
        __builtin_add_overflow(elements, reach, &elements))
      fail("from_blob", "sizes {} with strides {} are too large; expected fewer than 2^63 elements",
           sizes, strides);
  }
  return elements;
}

Tensor from_blob(void* data, IntList sizes, IntList strides, const BlobDeleter& done,
                 const TensorOptions& options) {
  Dtype dtype = options.dtype.value_or(get_default_dtype());
  check_sizes("from_blob", sizes, dtype);
  int64_t elements = elements_reached(sizes, strides);
  std::function<void()> when_done;
  if (done.run) when_done = [data, run = done.run] { run(data); };
  auto t = Ref<TensorImpl>::first(new TensorImpl);
  t->dtype = dtype;
  t->set_strided(sizes, strides);
  t->inference = thread_state.inference;
  t->storage = Storage::create(data, size_t(elements) * info(dtype).size, std::move(when_done));
  if (!t->contiguous) add_packed_base(*t);
  return with_grad(Tensor(std::move(t)), options);
}

Tensor from_blob(void* data, IntList sizes, const TensorOptions& options) {
  return from_blob(data, sizes, BlobDeleter(), options);
}

Tensor from_blob(void* data, IntList sizes, const BlobDeleter& done, const TensorOptions& options) {
  check_sizes("from_blob", sizes, options.dtype.value_or(get_default_dtype()));
  return from_blob(data, sizes, contiguous_strides(sizes), done, options);
}

Tensor from_blob(void* data, IntList sizes, IntList strides, const TensorOptions& options) {
  return from_blob(data, sizes, strides, BlobDeleter(), options);
}

void manual_seed(uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace taper
