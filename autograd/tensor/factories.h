#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "autograd/tensor/tensor.h"

namespace taper {

class Generator;

/// Nested lists of numbers, as `tensor({{1, 2}, {3, 4}})` takes them.
class NestedList {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> NestedList(T value) : value_(value) {
    if constexpr (std::is_same_v<T, uint8_t>) dtype_ = uint8;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, uint8_t> && !std::is_same_v<T, bool>)
      dtype_ = int64;
    if constexpr (std::is_same_v<T, bool>) dtype_ = boolean;
  }
  NestedList(std::initializer_list<NestedList> list) : list_(list), is_list_(true) {}
  template <class T>
  NestedList(const std::vector<T>& list) : list_(list.begin(), list.end()), is_list_(true) {}

  bool is_list() const { return is_list_; }
  const std::vector<NestedList>& list() const { return list_; }
  Scalar value() const { return value_; }
  /// The type of all values together: the default type if any has a fraction.
  Dtype dtype() const;

 private:
  std::vector<NestedList> list_;
  bool is_list_ = false;
  Scalar value_ = 0;
  Dtype dtype_ = float64;
};

/// From nested lists or vectors: ints give int64, numbers with a fraction the default type, bools
/// boolean.
Tensor tensor(const NestedList& values, const TensorOptions& options = {});
/// A 0-dim tensor of one number, in the default floating type.
Tensor scalar_tensor(Scalar value, const TensorOptions& options = {});

Tensor empty(IntList sizes, const TensorOptions& options = {});  ///< uninitialised
Tensor zeros(IntList sizes, const TensorOptions& options = {});
Tensor ones(IntList sizes, const TensorOptions& options = {});
/// All elements `value`; without dtype that of the value.
Tensor full(IntList sizes, Scalar value, const TensorOptions& options = {});
/// The report's name of full.
Tensor fill(IntList sizes, Scalar value, const TensorOptions& options = {});
/// start, start + step, ... below end; int64 if all three are integers.
Tensor arange(Scalar end, const TensorOptions& options = {});
Tensor arange(Scalar start, Scalar end, const TensorOptions& options = {});
Tensor arange(Scalar start, Scalar end, Scalar step, const TensorOptions& options = {});
/// `steps` numbers from start to end, both included.
Tensor linspace(Scalar start, Scalar end, int64_t steps, const TensorOptions& options = {});
Tensor eye(int64_t n, const TensorOptions& options = {});
Tensor eye(int64_t n, int64_t m, const TensorOptions& options = {});
/// labels [..] of int64 to [.., classes] of 0 and 1; by default as many classes as the largest
/// label needs.
Tensor one_hot(const Tensor& labels, int64_t classes = -1);

/// Uniform in [0, 1), from the global generator (PyTorch's numbers for the same seed).
Tensor rand(IntList sizes, const TensorOptions& options = {});
/// Standard normal.
Tensor randn(IntList sizes, const TensorOptions& options = {});
/// Integers in [low, high).
Tensor randint(int64_t high, IntList sizes, const TensorOptions& options = {});
Tensor randint(int64_t low, int64_t high, IntList sizes, const TensorOptions& options = {});
/// 0 .. n-1 in random order.
Tensor randperm(int64_t n, const TensorOptions& options = {});

Tensor empty_like(const Tensor& x, const TensorOptions& options = {});
Tensor zeros_like(const Tensor& x, const TensorOptions& options = {});
Tensor ones_like(const Tensor& x, const TensorOptions& options = {});
Tensor full_like(const Tensor& x, Scalar value, const TensorOptions& options = {});
Tensor rand_like(const Tensor& x, const TensorOptions& options = {});
Tensor randn_like(const Tensor& x, const TensorOptions& options = {});

/// What gives back the memory of from_blob: called without arguments, or with the pointer.
struct BlobDeleter {
  BlobDeleter() = default;
  template <std::invocable<void*> F>
  BlobDeleter(F f) : run(std::move(f)) {}
  template <std::invocable F>
  BlobDeleter(F f) : run([f = std::move(f)](void*) mutable { f(); }) {}

  std::function<void(void*)> run;
};

/// A tensor on memory of the caller's, which must outlive it, or is given back by `done`; strides
/// count elements.
Tensor from_blob(void* data, IntList sizes, const TensorOptions& options = {});
Tensor from_blob(void* data, IntList sizes, const BlobDeleter& done,
                 const TensorOptions& options = {});
Tensor from_blob(void* data, IntList sizes, IntList strides, const TensorOptions& options = {});
Tensor from_blob(void* data, IntList sizes, IntList strides, const BlobDeleter& done,
                 const TensorOptions& options = {});

/// Seeds the global generator.
void manual_seed(uint64_t seed);

}  // namespace taper
