#pragma once

#include "bench/rows/row.h"

namespace bench {

std::vector<Row> training_rows();     ///< steps of whole networks
std::vector<Row> sequence_rows();     ///< the transformer and the LSTM
std::vector<Row> convolution_rows();  ///< conv2d alone, forward and with both gradients
std::vector<Row> op_rows();           ///< other ops alone

}  // namespace bench
