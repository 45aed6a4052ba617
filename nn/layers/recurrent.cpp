#include "nn/layers/recurrent.h"

#include <cmath>

#include "autograd/tensor/factories.h"
#include "nn/init/init.h"
#include "nn/layers/checks.h"

namespace taper::nn {

template class Layer<LSTM>;
template class OptionsLayer<LSTM, LSTMOptions, 2>;

static const LSTMOptions& checked(const LSTMOptions& o) {
  check_positive("LSTM", "input_size", o.input_size);
  check_positive("LSTM", "hidden_size", o.hidden_size);
  check_positive("LSTM", "num_layers", o.num_layers);
  if (!(o.dropout >= 0 && o.dropout <= 1))
    fail("LSTM", "dropout is {}; expected 0 to 1", o.dropout);
  return o;
}

LSTM::LSTM(const LSTMOptions& o) : OptionsLayer(checked(o)) {
  int64_t hidden = o.hidden_size, directions = o.bidirectional ? 2 : 1;
  for (int64_t layer = 0; layer < o.num_layers; ++layer) {
    int64_t in = layer == 0 ? int64_t(o.input_size) : hidden * directions;
    for (int64_t d = 0; d < directions; ++d) {
      std::string suffix = "_l" + std::to_string(layer) + (d == 1 ? "_reverse" : "");
      register_parameter("weight_ih" + suffix, empty({4 * hidden, in}));
      register_parameter("weight_hh" + suffix, empty({4 * hidden, hidden}));
      if (!o.bias) continue;
      register_parameter("bias_ih" + suffix, empty({4 * hidden}));
      register_parameter("bias_hh" + suffix, empty({4 * hidden}));
    }
  }
  reset_parameters();
}

void LSTM::reset_parameters() const {
  double bound = 1 / std::sqrt(double(*options.hidden_size));
  for (const Tensor& p : parameters()) init::uniform_(p, -bound, bound);
}

std::tuple<Tensor, LSTM::State> LSTM::forward(const Tensor& x,
                                              const std::optional<State>& hx) const {
  const LSTMOptions& o = options;
  if (x.dim() != 3 || x.size(2) != *o.input_size)
    fail("LSTM", "input has shape {}; expected [{}, {}]", x.sizes(),
         o.batch_first ? "N, T" : "T, N", *o.input_size);
  int64_t batch = x.size(o.batch_first ? 0 : 1);
  Shape sizes{o.num_layers * (o.bidirectional ? 2 : 1), batch, *o.hidden_size};
  auto state = [&](const Tensor& given, const char* name) {
    if (!(given.sizes() == IntList(sizes)))
      fail("LSTM", "{} has shape {}; expected {}", name, given.sizes(), sizes);
    return given;
  };
  tensor_list states(2, hx ? Tensor() : zeros(sizes, {.dtype = x.dtype()}));
  if (hx) states = {state(std::get<0>(*hx), "h_0"), state(std::get<1>(*hx), "c_0")};
  auto [y, h, c] = lstm(x, states, parameters(), o.bias, o.num_layers, o.dropout, is_training(),
                        o.bidirectional, o.batch_first);
  return {y, {h, c}};
}

}  // namespace taper::nn
