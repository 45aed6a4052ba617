#include "autograd/kernels/embedding.h"

#include "autograd/kernels/gather.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

static Tensor checked_indices(const OpInfo& info, const Tensor& indices) {
  if (indices.dtype() != int64 && indices.dtype() != int32)
    fail(info.name, "the indices are {}; expected int64", indices.dtype());
  return indices.to(int64);
}

static void check_rows(const OpInfo& info, const Tensor& indices, int64_t rows) {
  if (auto bad = kernels::first_outside(plain(indices), 0, rows))
    fail_index(info.name, "index {} for a table of {} rows; expected 0 to {}", *bad, rows,
               rows - 1);
}

static void check_padding(const OpInfo& info, int64_t padding_idx, int64_t rows) {
  if (padding_idx < -1 || padding_idx >= rows)
    fail(info.name, "padding_idx is {} for a table of {} rows; expected a row, or -1 for none",
         padding_idx, rows);
}

static Shape with_width(IntList indices, int64_t width) {
  Shape out = indices;
  out.push_back(width);
  return out;
}

struct Embedding {
  static constexpr OpInfo info{
      .name = "embedding",
      .formula = "y[i] = weight[indices[i]]",
      .grad = "dweight[indices[i]] += dy[i], but nothing for padding_idx",
      .doc =
          "Rows of weight [V, D] that indices of any shape name: y [.., D]; the row padding_idx, "
          "if not -1, gets no gradient"};
  int64_t padding_idx = -1;
  FIELDS(padding_idx)

  static Tensor call(const Tensor& weight, const Tensor& indices, int64_t padding_idx) {
    return apply(Embedding{padding_idx}, weight, checked_indices(info, indices));
  }
  void infer(Inputs x, Specs& y) const {
    if (x[0].dim() != 2) fail(info.name, "weight has shape {}; expected [V, D]", x[0].sizes());
    check_padding(info, padding_idx, x[0].size(0));
    y.packed(0, 1);
    y.fresh(with_width(x[1].sizes(), x[0].size(1)), x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    const Tensor &weight = x[0], &indices = x[1];
    check_rows(info, indices, weight.size(0));
    dispatch(weight.dtype(), [&](auto t) {
      kernels::take_rows<decltype(t)>(plain(weight), plain(indices), weight.size(1), plain(y[0]));
    });
  }
  Tensor dweight(Dy dy, In<1> indices, InShape<0> s) const {
    return embedding_weight(dy, indices, s[0], padding_idx);
  }
  static constexpr auto grads = rules(&Embedding::dweight);
  Tensor reference(const tensor_list& x) const {
    Shape sizes = with_width(x[1].sizes(), x[0].size(1));
    return tabulate(sizes, float64, [&](Shape i) {
      int64_t column = i.back();
      i.erase(i.size() - 1);
      return element_at(x[0], {int64_t(element_at(x[1], i)), column});
    });
  }
  static std::vector<Sample> samples() {
    Embedding none, padded;
    padded.padding_idx = 3;  // not among the indices: finite differences would see that row move
    SampleInput one{{5}, 0, 4, int64, false}, two{{2, 3}, 0, 3, int64, false};
    return {{{{{4, 3}}, one}, none},
            {{{{4, 3}}, two}, padded},
            {{{{4, 3}}, {{}, 0, 4, int64, false}}, none},
            {{{{4, 3}}, {{0}, 0, 4, int64, false}}, none}};
  }
};

struct EmbeddingWeight {
  static constexpr OpInfo info{
      .name = "embedding_weight",
      .formula = "y[indices[i]] += dy[i], y zeros [num_embeddings, D]; nothing for padding_idx",
      .grad = "ddy = embedding(g, indices), zeros for padding_idx",
      .doc = "The gradient of embedding in its weight: dy [.., D]"};
  int64_t num_embeddings = 0, padding_idx = -1;
  FIELDS(num_embeddings, padding_idx)

  static Tensor call(const Tensor& dy, const Tensor& indices, int64_t num_embeddings,
                     int64_t padding_idx) {
    return apply(EmbeddingWeight{num_embeddings, padding_idx}, dy, checked_indices(info, indices));
  }
  void infer(Inputs x, Specs& y) const {
    bool fits = x[0].dim() == x[1].dim() + 1;
    if (!fits || !(x[0].sizes().slice(0, size_t(x[1].dim())) == x[1].sizes()))
      fail(info.name, "dy has shape {}, the indices {}; expected one more dimension than these",
           x[0].sizes(), x[1].sizes());
    check_padding(info, padding_idx, num_embeddings);
    check_floating(info, x[0].dtype());
    y.packed(0, 1);
    y.fresh({num_embeddings, x[0].size(-1)}, x[0].dtype());
  }
  void forward(Inputs x, Outputs y) const {
    const Tensor &dy = x[0], &indices = x[1];
    check_rows(info, indices, num_embeddings);
    if (y[0].numel()) std::memset(plain(y[0]).data, 0, size_t(y[0].nbytes()));
    dispatch_floating(dy.dtype(), [&](auto t) {
      kernels::add_rows<decltype(t)>(plain(dy), plain(indices), dy.size(-1), padding_idx,
                                     plain(y[0]));
    });
  }
  Tensor ddy(Dy g, In<1> indices) const {
    Tensor rows = embedding(g, indices);
    return padding_idx < 0 ? rows : where((indices == padding_idx).unsqueeze(-1), 0, rows);
  }
  static constexpr auto grads = rules(&EmbeddingWeight::ddy);
  Tensor reference(const tensor_list& x) const {
    Tensor y = zeros({num_embeddings, x[0].size(-1)}, {.dtype = float64});
    for_each_index(x[0].sizes(), [&](Shape i) {
      double value = element_at(x[0], i);
      int64_t column = i.back();
      i.erase(i.size() - 1);
      int64_t row = int64_t(element_at(x[1], i));
      if (row != padding_idx) element_of(y, {row, column}) += value;
    });
    return y;
  }
  static std::vector<Sample> samples() {
    return {{{{{5, 3}}, {{5}, 0, 4, int64, false}}, EmbeddingWeight{4, -1}},
            {{{{2, 3, 2}}, {{2, 3}, 0, 4, int64, false}}, EmbeddingWeight{4, 2}}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/embedding.def"
#include "autograd/ops/define.h"
