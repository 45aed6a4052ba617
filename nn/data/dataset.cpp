#include "nn/data/dataset.h"

#include "autograd/tensor/error.h"

namespace taper::data {

TensorDataset::TensorDataset(Tensor images, Tensor labels)
    : images_(std::move(images)), labels_(std::move(labels)) {
  if (images_.dim() == 0 || labels_.dim() == 0 || images_.size(0) != labels_.size(0))
    fail("TensorDataset", "images of shape {} and labels of shape {}; expected equal first sizes",
         images_.sizes(), labels_.sizes());
}

Example TensorDataset::get(int64_t i) const { return {images_[i], labels_[i]}; }

Example TensorDataset::get_batch(const Tensor& indices) const {
  return {images_.index_select(0, indices), labels_.index_select(0, indices)};
}

}  // namespace taper::data
