#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "autograd/tensor/buffer.h"
#include "autograd/tensor/dtype.h"
#include "autograd/tensor/indexing.h"
#include "autograd/tensor/int2.h"
#include "autograd/tensor/op_options.h"
#include "autograd/tensor/options.h"
#include "autograd/tensor/print.h"
#include "autograd/tensor/ref.h"
#include "autograd/tensor/scalar.h"
#include "autograd/tensor/shape.h"
#include "autograd/tensor/tensor_impl.h"

namespace taper {

class Node;
class Operand;
class Tensor;

using tensor_list = std::vector<Tensor>;
using TensorPair = std::tuple<Tensor, Tensor>;
using TensorTriple = std::tuple<Tensor, Tensor, Tensor>;
/// Tensors as an argument: `{a, b}` or a vector.
using TensorList = const tensor_list&;

template <class T, int N>
class TensorAccessor;

/// A handle to a tensor: copies share data and history. Undefined when made without arguments.
/// All members are const, in-place ones too: they change what the handle points to.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  /// `x[i] = y` writes through to x, and so does `x.index({..}) = y` where that is a view: with
  /// masks and index tensors it is a copy, for which index_put_ is. `Tensor x; x = y` rebinds the
  /// handle.
  const Tensor& operator=(const Tensor& values) &&;
  const Tensor& operator=(Scalar value) &&;

  bool defined() const { return bool(impl_); }
  TensorImpl* impl() const { return impl_.get(); }
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

  // Shape and type
  IntList sizes() const { return state().sizes; }
  int64_t size(int64_t d) const;
  IntList strides() const;
  int64_t stride(int64_t d) const;
  int64_t storage_offset() const { return state().offset; }
  int64_t dim() const { return int64_t(state().sizes.size()); }
  int64_t ndimension() const { return dim(); }
  int64_t numel() const { return state().numel; }
  Dtype dtype() const { return state().dtype; }
  Dtype scalar_type() const { return dtype(); }
  TensorOptions options() const { return {.dtype = dtype()}; }
  int64_t element_size() const { return int64_t(info(dtype()).size); }
  int64_t nbytes() const { return numel() * element_size(); }
  bool is_contiguous() const;
  bool is_floating_point() const { return taper::is_floating_point(dtype()); }
  /// Whether it looks into another tensor, which sees writes to it.
  bool is_view() const;
  bool is_alias_of(const Tensor& other) const;

  // Values
  /// The one value of a tensor with one element; throws where T cannot hold it.
  template <class T>
  T item() const;
  Scalar item() const;
  /// The memory, valid while the tensor lives; throws if T is not the dtype.
  template <class T>
  T* data_ptr() const;
  void* data_ptr() const;
  /// Elements by index, with strides: `auto a = x.accessor<float, 2>(); a[i][j]`; valid while the
  /// tensor lives. Throws if T is not the dtype or N not the number of dimensions.
  template <class T, int N>
  TensorAccessor<T, N> accessor() const&;
  template <class T, int N>
  TensorAccessor<T, N> accessor() && = delete;
  Tensor to(const TensorOptions& options) const;
  Tensor type_as(const Tensor& other) const { return to(other.dtype()); }

  // Indexing
  Tensor operator[](int64_t i) const;
  Tensor operator[](const Tensor& index) const;
  /// `x.index({0, Slice(1, None), "...", mask})`: views for ints, slices, None and Ellipsis; copies
  /// for masks and index tensors.
  Tensor index(const std::vector<TensorIndex>& indices) const;
  const Tensor& index_put_(const std::vector<TensorIndex>& indices, const Tensor& values,
                           bool accumulate = false) const;
  const Tensor& index_put_(const std::vector<TensorIndex>& indices, Scalar value) const;

  // Graph
  bool requires_grad() const;
  const Tensor& requires_grad_(bool requires_grad = true) const;
  const Tensor& set_requires_grad(bool on) const { return requires_grad_(on); }
  bool is_leaf() const;
  bool is_inference() const { return state().inference; }
  /// How the tensor came about; null for leaves.
  Ref<Node> grad_fn() const;
  int64_t output_nr() const { return state().output_nr; }
  /// Number of in-place writes to the memory so far.
  int64_t version() const { return int64_t(state().storage->version); }
  /// The gradient that backward accumulated; undefined before.
  const Tensor& grad() const;
  Tensor& mutable_grad() const;
  /// Accumulates gradients in the leaves below. Without gradient the tensor must have one element.
  /// retain_graph keeps what backward needs to run again; by default create_graph decides. With
  /// inputs, only they get gradients.
  void backward(const Tensor& gradient = {}, std::optional<bool> retain_graph = std::nullopt,
                bool create_graph = false, TensorList inputs = {}) const;
  /// The same memory without history.
  Tensor detach() const;
  /// Makes this tensor a leaf that requires no grad.
  const Tensor& detach_() const;
  /// The same memory without history; writes to it are not noticed by backward.
  Tensor data() const;
  /// Makes this handle's tensor show other's memory, or a copy where that is not packed, with its
  /// shape and type; history is kept.
  void set_data(const Tensor& other) const;
  /// Keeps the gradient of a tensor that is no leaf.
  void retain_grad() const;
  /// Whether retain_grad() was called on this tensor when it was no leaf.
  bool retains_grad() const;
  /// Runs f on the gradient when it is complete; what f returns replaces it. Returns a number for
  /// remove_hook.
  template <class F>
  unsigned register_hook(F f) const {
    if constexpr (std::is_void_v<std::invoke_result_t<F, const Tensor&>>)
      return add_hook([f](const Tensor& g) { return f(g), Tensor(); });
    else
      return add_hook(std::move(f));
  }
  /// Removes a hook of either kind; one may remove itself while it runs.
  void remove_hook(unsigned hook) const;
  /// Runs f on a leaf after its gradient was accumulated in backward. Returns a number for
  /// remove_hook.
  unsigned register_post_accumulate_grad_hook(std::function<void(const Tensor&)> f) const;

  /// The function applied to this tensor: any callable from tensor to tensor.
  template <class F>
  Tensor activate(F&& f) const {
    return std::forward<F>(f)(*this);
  }

// The ops, a line each in autograd/ops/*.def (CONTRIBUTING.md tells what the lines mean). Of a
// temporary, those with a form `f_` may use the memory, and leave the handle undefined.
#define OR(...) = __VA_ARGS__
#define OP(S, R, f, params, args) R f params const;
#define OP_INPLACE(S, R, f, params, args) \
  R f params const&;                      \
  R f params&&;                           \
  const Tensor& f##_ params const;
#define OP_COMPARE(S, f)               \
  Tensor f(const Tensor& other) const; \
  Tensor f(Scalar other) const;
#define OP_BINARY(S, f)                          \
  Tensor f(const Tensor& other) const&;          \
  Tensor f(const Tensor& other)&&;               \
  Tensor f(Tensor&& other) const&;               \
  Tensor f(Tensor&& other)&&;                    \
  Tensor f(Scalar other) const&;                 \
  Tensor f(Scalar other)&&;                      \
  const Tensor& f##_(const Tensor& other) const; \
  const Tensor& f##_(Scalar other) const;
#define INPLACE(S, f, params, args) const Tensor& f params const;
#define FREE(S, R, f, params, args)
#include "autograd/ops/ops.def"
#undef OP
#undef OP_INPLACE
#undef OP_COMPARE
#undef OP_BINARY
#undef INPLACE
#undef FREE

 private:
  void check_accessor(Dtype dtype, int64_t dims) const;
  unsigned add_hook(std::function<Tensor(const Tensor&)> f) const;
  TensorImpl& state() const {
    if (!impl_) throw_undefined();
    return *impl_;
  }
  [[noreturn]] static void throw_undefined();

  Ref<TensorImpl> impl_;
};

/// A tensor or a number, or nothing, as an argument.
class Operand {
 public:
  Operand() = default;
  Operand(NoneType) {}
  Operand(std::nullopt_t) {}
  Operand(const Tensor& t) : tensor(t) {}
  Operand(Scalar s) : number(s) {}
  template <class T>
  requires std::is_arithmetic_v<T> Operand(T v) : number(v) {}

  bool defined() const { return number || tensor.defined(); }

  Tensor tensor;  ///< undefined where it is a number
  std::optional<Scalar> number;
};

/// Whether nobody but this handle holds t and its memory, which is packed and the library's.
inline bool is_sole_owner(const Tensor& t) {
  const TensorImpl& x = *t.impl();
  return x.use_count() == 1 && x.storage->use_count() == 1 && x.storage->owned() && x.contiguous &&
         !x.base;
}

/// What kernels see of t. Every way to a tensor's memory leads through here: a tensor in another
/// layout is first made plain.
inline Buffer plain(const Tensor& t) {
  if (!t.defined()) return {};
  const TensorImpl& x = *t.impl();
  if (x.storage->in_blocks.load(std::memory_order_acquire)) x.storage->make_plain();
  auto* data = static_cast<std::byte*>(x.storage->data) + x.offset * int64_t(info(x.dtype).size);
  return {data, x.sizes, x.strides, x.numel, x.dtype, x.contiguous};
}

}  // namespace taper

#include "autograd/tensor/loss_options.h"

namespace taper {

#define COMMA(...) __VA_OPT__(, ) __VA_ARGS__
#define OP(S, R, f, params, args) R f(const Tensor& x COMMA params);
#define OP_INPLACE(S, R, f, params, args) R f(Tensor x COMMA params);
#define OP_COMPARE(S, f)                          \
  Tensor f(const Tensor& x, const Tensor& other); \
  Tensor f(const Tensor& x, Scalar other);        \
  Tensor f(Scalar x, const Tensor& other);
#define OP_BINARY(S, f) \
  OP_COMPARE(S, f)      \
  Tensor f(Scalar x, Tensor&& other);
#define INPLACE(S, f, params, args)
#define FREE(S, R, f, params, args) R f params;
#include "autograd/ops/ops.def"
#undef OP
#undef OP_INPLACE
#undef OP_COMPARE
#undef OP_BINARY
#undef INPLACE
#undef FREE
#undef OR
#undef COMMA

}  // namespace taper

#include "autograd/tensor/accessor.h"
#include "autograd/tensor/operators.h"
#include "autograd/tensor/tensor_index.h"
