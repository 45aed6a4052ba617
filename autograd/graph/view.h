#pragma once

#include "autograd/graph/node.h"

namespace taper {

/// A new tensor on the same memory, without history.
Tensor alias(const Tensor& t);

/// A view of t with another geometry, without history of its own; it remembers the tensor it looks
/// into.
Tensor view_of(const Tensor& t, const Shape& sizes, const Shape& strides, int64_t offset);

/// Makes t, which was written in place, an output of node; a gradient that it retains is from now
/// on that of what it has become.
void set_history(TensorImpl& t, const Ref<Node>& node, uint32_t output_nr);

/// After x, a view, became output of a node by an in-place op: gives its base a history in which
/// the view's part is replaced, so that the base and its other views see the write.
void rebase(TensorImpl& view, const Edge& base_before);

}  // namespace taper
