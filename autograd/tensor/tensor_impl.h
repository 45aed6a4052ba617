#pragma once

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

/// What a Tensor handle points to.
struct TensorImpl : RefCounted {
  TensorImpl();
  ~TensorImpl();

  Ref<Storage> storage;
  Shape sizes;
  Shape strides;
  int64_t offset = 0;  ///< of the first element, in elements
  int64_t numel = 1;
  Dtype dtype = float32;
  bool contiguous = true;
  bool requires_grad = false;  ///< a leaf that wants a gradient
  bool inference = false;      ///< made in inference mode
  bool untracked = false;      ///< made by data(): its writes are not counted
  uint32_t output_nr = 0;      ///< which output of grad_fn this is
  Ref<Node> grad_fn;

  /// For a view: the tensor it looks into. In-place writes under grad move the base to another
  /// place in the graph and raise its generation; a view of an older one derives its grad_fn from
  /// the base again.
  Ref<TensorImpl> base;
  uint32_t generation = 0;

  Ref<LeafState> leaf;  ///< gradient and hooks, once there are any
};

}  // namespace taper
