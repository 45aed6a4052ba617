#include "autograd/tensor/tensor.h"

#include <cmath>
#include <limits>

#include "autograd/graph/view.h"
#include "autograd/tensor/error.h"
#include "autograd/tensor/factories.h"

namespace taper {

TensorImpl::TensorImpl() = default;
TensorImpl::~TensorImpl() = default;

void destroy(TensorImpl* tensor) noexcept { delete tensor; }

void Tensor::throw_undefined() { fail("tensor", "undefined; expected a tensor with values"); }

Buffer plain(const Tensor& t) {
  if (!t.defined()) return {};
  const TensorImpl& x = *t.impl();
  auto* data = static_cast<std::byte*>(x.storage->data) + x.offset * int64_t(info(x.dtype).size);
  return {data, x.sizes, x.strides, x.numel, x.dtype, x.contiguous};
}

int64_t Tensor::size(int64_t d) const {
  return state().sizes[size_t(wrap_dim("size", d, state().sizes.size()))];
}

IntList Tensor::strides() const { return state().strides; }

int64_t Tensor::stride(int64_t d) const {
  return state().strides[size_t(wrap_dim("stride", d, state().sizes.size()))];
}

bool Tensor::is_contiguous() const { return state().contiguous; }

bool Tensor::is_alias_of(const Tensor& other) const {
  return state().storage == other.state().storage;
}

void* Tensor::data_ptr() const {
  state();
  return plain(*this).data;
}

template <class T>
T* Tensor::data_ptr() const {
  if (dtype() != dtype_of<T>())
    fail("data_ptr", "the tensor is {}; expected {}", dtype(), dtype_of<T>());
  return plain(*this).as<T>();
}

void Tensor::check_accessor(Dtype expected, int64_t dims) const {
  if (dtype() != expected) fail("accessor", "the tensor is {}; expected {}", dtype(), expected);
  if (dim() != dims)
    fail("accessor", "the tensor has shape {}; expected {} dimensions", sizes(), dims);
}

Scalar Tensor::item() const {
  if (numel() != 1) fail("item", "the tensor has shape {}; expected one element", sizes());
  Buffer b = plain(*this);
  return dispatch(b.dtype, [&](auto t) { return Scalar(*b.as<decltype(t)>()); });
}

/// Whether the number survives a conversion to T but for its fraction.
template <class T>
static bool fits(Scalar s) {
  if constexpr (std::is_same_v<T, bool> || std::is_floating_point_v<T>) {
    return true;
  } else {
    double v = s.to_double();
    return v >= double(std::numeric_limits<T>::min()) - 0.5 &&
           v <= double(std::numeric_limits<T>::max());
  }
}

template <class T>
T Tensor::item() const {
  Scalar s = item();
  if (!fits<T>(s)) fail("item", "{} does not fit into {}", s.to_double(), dtype_of<T>());
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
