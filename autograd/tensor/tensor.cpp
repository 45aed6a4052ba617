#include "autograd/tensor/tensor.h"

#include "autograd/graph/view.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper {

TensorHistory::TensorHistory() = default;
TensorHistory::~TensorHistory() = default;

void TensorData::set_packed(IntList new_sizes, const char* op) {
  sizes = Shape(new_sizes);
  strides = sizes;
  bool empty = false, overflow = false;
  int64_t step = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = step;
    empty |= sizes[i] == 0;
    overflow |= __builtin_mul_overflow(step, sizes[i] ? sizes[i] : 1, &step);
  }
  if (overflow) fail(op, "shape {} is too large; expected fewer than 2^63 elements", sizes);
  numel = empty ? 0 : step;
  contiguous = true;
  if (int64_t bytes = 0; __builtin_mul_overflow(numel, int64_t(info(dtype).size), &bytes))
    fail(op, "shape {} is too large; expected fewer than 2^63 bytes", sizes);
}

void TensorData::set_strided(IntList new_sizes, IntList new_strides) {
  sizes = new_sizes;
  strides = new_strides;
  numel = taper::numel(new_sizes);
  contiguous = taper::is_contiguous(new_sizes, new_strides);
}

void destroy(TensorImpl* tensor) noexcept { delete tensor; }

void Tensor::throw_undefined() { fail("tensor", "undefined; expected a tensor with values"); }

/// Dimension d of x from 0; unlike wrap_dim alone, a 0-dim tensor has none.
static size_t own_dim(std::string_view op, int64_t d, const Tensor& x) {
  if (x.dim() == 0)
    fail_index(op, "a 0-dim tensor has no dimension {}; expected one with dimensions", d);
  return size_t(wrap_dim(op, d, size_t(x.dim())));
}

int64_t Tensor::size(int64_t d) const { return state().sizes[own_dim("size", d, *this)]; }

IntList Tensor::strides() const { return state().strides; }

int64_t Tensor::stride(int64_t d) const { return state().strides[own_dim("stride", d, *this)]; }

bool Tensor::is_contiguous() const { return state().contiguous; }

bool Tensor::is_alias_of(const Tensor& other) const {
  return state().storage == other.state().storage;
}

void* Tensor::data_ptr() const {
  state().storage->hand_out();
  return plain(*this).data;
}

template <class T>
T* Tensor::data_ptr() const {
  if (dtype() != dtype_of<T>())
    fail("data_ptr", "the tensor is {}; expected {}", dtype(), dtype_of<T>());
  state().storage->hand_out();
  return plain(*this).as<T>();
}

void Tensor::check_accessor(Dtype expected, int64_t dims) const {
  if (dtype() != expected) fail("accessor", "the tensor is {}; expected {}", dtype(), expected);
  if (dim() != dims)
    fail("accessor", "the tensor has shape {}; expected {} dimension{}", sizes(), dims,
         dims == 1 ? "" : "s");
}

Scalar Tensor::item() const {
  if (numel() != 1) fail("item", "the tensor has shape {}; expected one element", sizes());
  Buffer b = plain(*this);
  return dispatch(b.dtype, [&](auto t) { return Scalar(*b.as<decltype(t)>()); });
}

template <class T>
T Tensor::item() const {
  Scalar s = item();
  check_fits("item", s, dtype_of<T>());
  return s.to<T>();
}

#define ROW(name, type, ...)                     \
  template type* Tensor::data_ptr<type>() const; \
  template type Tensor::item<type>() const;
TAPER_DTYPES(ROW)
#undef ROW

Tensor Tensor::to(const TensorOptions& options) const {
  return options.dtype ? to(*options.dtype) : *this;
}

Tensor Tensor::operator[](int64_t i) const { return select(0, i); }

const Tensor& Tensor::operator=(const Tensor& values) && { return copy_(values); }
const Tensor& Tensor::operator=(Scalar value) && { return fill_(value); }

}  // namespace taper
