#pragma once

#include "autograd/tensor/tensor.h"

namespace taper::data {

/// One example, or a batch of them.
struct Example {
  Tensor data;
  Tensor target;
};

/// Images and their labels in two tensors, row by row.
class TensorDataset {
 public:
  /// images: [N, ...]; labels: [N, ...]
  TensorDataset(Tensor images, Tensor labels);

  const Tensor& images() const { return images_; }
  const Tensor& labels() const { return labels_; }
  int64_t size() const { return images_.size(0); }
  /// Example i; views, without the first dimension.
  Example get(int64_t i) const;
  /// Copies of the examples with these numbers, an int64 tensor.
  Example get_batch(const Tensor& indices) const;

 private:
  Tensor images_;
  Tensor labels_;
};

}  // namespace taper::data
