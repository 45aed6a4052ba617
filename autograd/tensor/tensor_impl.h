#pragma once

#include <atomic>
#include <memory>

#include "autograd/tensor/dtype.h"
#include "autograd/tensor/ref.h"
#include "autograd/tensor/shape.h"
#include "autograd/tensor/storage.h"

namespace taper {

class Node;
struct LeafState;
struct TensorImpl;

void destroy(Node* node) noexcept;
void destroy(TensorImpl* tensor) noexcept;
void destroy(LeafState* state) noexcept;

/// Where the elements of a tensor lie, and what they are.
struct TensorData {
  Ref<Storage> storage;
  int64_t offset = 0;  ///< of the first element, in elements
  int64_t numel = 1;
  Dtype dtype = float32;
  bool contiguous = true;
  Shape sizes;
  Shape strides;

  /// The geometry of a packed row-major tensor; throws in the name of op where its elements or
  /// bytes are too many to count.
  void set_packed(IntList new_sizes, const char* op);
  void set_strided(IntList new_sizes, IntList new_strides);
  size_t nbytes() const { return size_t(numel) * info(dtype).size; }
};

/// How a view came about, which decides what in-place writes may do with it.
enum class ViewOrigin : uint8_t {
  recorded,
  no_grad,   ///< made while nothing was recorded: may not be written while something is
  function,  ///< a custom function's output: its history cannot be derived from its base
  own        ///< no view for its users: strided memory of its own, with a hidden packed base
};

/// How a tensor came about, and what the graph keeps with it.
struct TensorHistory {
  bool requires_grad = false;  ///< a leaf that wants a gradient
  bool inference = false;      ///< made in inference mode
  bool untracked = false;      ///< made by data(): its writes are not counted
  ViewOrigin origin = ViewOrigin::recorded;
  uint32_t output_nr = 0;  ///< which output of grad_fn this is
  /// Of a view: which of its base's histories it has. Of a base: how many it had.
  std::atomic<uint32_t> generation = 0;
  Ref<Node> grad_fn;
  /// For a view: the packed tensor it looks into. In-place writes under grad move the base to
  /// another place in the graph and raise its generation; a view of an older one derives its
  /// grad_fn from the base again, under a lock, whoever reads it first.
  Ref<TensorImpl> base;
  Ref<LeafState> leaf;  ///< gradient and hooks, once there are any

  TensorHistory();
  TensorHistory(const TensorHistory&) = delete;
  TensorHistory& operator=(const TensorHistory&) = delete;
  ~TensorHistory();
};

/// What a Tensor handle points to. What every op reads comes first, in few cache lines.
struct TensorImpl : RefCounted, TensorHistory, TensorData {
  TensorImpl() = default;
  explicit TensorImpl(const TensorData& data) : TensorData(data) {}  ///< without history
};

}  // namespace taper
