#include "nn/layers/embedding.h"

#include "autograd/graph/grad_mode.h"
#include "autograd/tensor/factories.h"
#include "nn/init/init.h"
#include "nn/layers/checks.h"

namespace taper::nn {

template class Layer<Embedding>;
template class OptionsLayer<Embedding, EmbeddingOptions, 2>;

static EmbeddingOptions checked(EmbeddingOptions o) {
  check_positive("Embedding", "num_embeddings", o.num_embeddings);
  check_positive("Embedding", "embedding_dim", o.embedding_dim);
  int64_t rows = o.num_embeddings;
  if (!o.padding_idx) return o;
  if (*o.padding_idx < -rows || *o.padding_idx >= rows)
    fail("Embedding", "padding_idx is {}; expected {} to {}", *o.padding_idx, -rows, rows - 1);
  if (*o.padding_idx < 0) o.padding_idx = *o.padding_idx + rows;
  return o;
}

Embedding::Embedding(const EmbeddingOptions& o)
    : OptionsLayer(checked(o)),
      weight(register_parameter("weight", empty({*o.num_embeddings, *o.embedding_dim}))) {
  reset_parameters();
}

void Embedding::reset_parameters() const {
  init::normal_(weight);
  if (!options.padding_idx) return;
  NoGradGuard no_grad;
  weight.select(0, *options.padding_idx).fill_(0);
}

Tensor Embedding::forward(const Tensor& indices) const {
  return embedding(weight, indices, options.padding_idx.value_or(-1));
}

}  // namespace taper::nn
