#pragma once

#include <optional>

#include "nn/options_layer.h"

namespace taper::nn {

struct EmbeddingOptions {
  ByName by_name_ = {};
  Required<int64_t> num_embeddings;
  Required<int64_t> embedding_dim;
  /// This row starts at 0 and gets no gradient; negative ones count from the end.
  std::optional<int64_t> padding_idx = std::nullopt;
  TAPER_OPTIONS(EmbeddingOptions, 2, num_embeddings, embedding_dim, padding_idx)
};

/// A vector for each of num_embeddings indices. Drawn from N(0, 1).
class Embedding final : public OptionsLayer<Embedding, EmbeddingOptions, 2> {
 public:
  explicit Embedding(const EmbeddingOptions& options);
  /// indices: int64 of any shape; returns [.., embedding_dim]
  Tensor forward(const Tensor& indices) const;
  void reset_parameters() const;

  Tensor weight;  ///< [num_embeddings, embedding_dim]
};
extern template class Layer<Embedding>;
extern template class OptionsLayer<Embedding, EmbeddingOptions, 2>;

}  // namespace taper::nn
