#include "nn/data/data_loader.h"

#include "autograd/tensor/error.h"

namespace taper::data::detail {

void check_loader(int64_t batch_size) {
  if (batch_size < 1) fail("DataLoader", "batch_size is {}; expected 1 or more", batch_size);
}

Tensor epoch_order(int64_t size, bool shuffle) { return shuffle ? randperm(size) : arange(size); }

}  // namespace taper::data::detail
