#pragma once

// What views of one memory, and in-place writes to it, mean for the graph.

#include "autograd/graph/node.h"

namespace taper {

/// A tensor on that memory, without history.
Tensor tensor_of(const TensorData& data);
/// A new tensor on the same memory, without history.
Tensor alias(const Tensor& t);

/// A view of t with another geometry, without history of its own; it remembers the tensor it looks
/// into.
Tensor view_of(const Tensor& t, const Shape& sizes, const Shape& strides, int64_t offset);

/// Gives x, which is no view but strided, a hidden packed base, the whole of its memory: the rules
/// of views and writes know places in packed memory alone.
void add_packed_base(TensorImpl& x);

/// The name that users call the writing form of op by.
std::string in_place_name(const OpInfo& op);

/// Throws unless an op may write x in place now; `recorded`: the write joins the graph.
void check_writable(const OpType& type, const TensorImpl& x, bool recorded);

/// Counts a write of op to x's memory.
void note_write(TensorImpl& x, const OpInfo& op);

/// Makes t an output of node. If t was written in place, its base gets a history in which the
/// view's part is replaced, so that the base and its other views see the write.
void join_history(TensorImpl& t, Ref<Node> node, uint32_t output_nr, bool written);

}  // namespace taper
