#pragma once

#include <optional>

#include "nn/options_layer.h"

namespace taper::nn {

struct LSTMOptions {
  ByName by_name_ = {};
  Required<int64_t> input_size;
  Required<int64_t> hidden_size;
  Int num_layers = 1;
  bool bias = true;
  bool batch_first = false;    ///< x and y are [N, T, ..] instead of [T, N, ..]
  double dropout = 0;          ///< probability with which what goes to the next layer is zeroed
  bool bidirectional = false;  ///< a second pass, from the last step to the first
  TAPER_OPTIONS(LSTMOptions, 2, input_size, hidden_size, num_layers, bias, batch_first, dropout,
                bidirectional)
};

/// Long short-term memory. Its parameters, for each layer l (and again with `_reverse`):
/// weight_ih_l0 [4 hidden, in], weight_hh_l0 [4 hidden, hidden], bias_ih_l0 and bias_hh_l0
/// [4 hidden]; their rows are the gates i, f, g, o. Drawn from U(-1/sqrt(hidden_size),
/// 1/sqrt(hidden_size)).
class LSTM final : public OptionsLayer<LSTM, LSTMOptions, 2> {
 public:
  using State = std::tuple<Tensor, Tensor>;  ///< h and c [layers * directions, N, hidden_size]

  explicit LSTM(const LSTMOptions& options);
  /// x: [T, N, input_size]; hx: the state before the first step, zeros without. Returns y [T, N,
  /// directions * hidden_size] and the state after the last.
  std::tuple<Tensor, State> forward(const Tensor& x, const std::optional<State>& hx = {}) const;
  void reset_parameters() const;
};
extern template class Layer<LSTM>;
extern template class OptionsLayer<LSTM, LSTMOptions, 2>;

}  // namespace taper::nn
