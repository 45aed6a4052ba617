#pragma once

#include <cstdint>

namespace taper::kernels {

/// One step of an LSTM for some rows of a batch; gates [rows, 4 hidden], the rest [rows, hidden].
template <class T>
struct LstmStep {
  int64_t rows, hidden;
  T* gates;  ///< what comes in: sums of the gates; what comes out: their values
  const T* c_before;
  T *c, *h;
};

/// Backward of one step; what comes in is null where nothing did.
template <class T>
struct LstmStepBack {
  int64_t rows, hidden;
  const T *dh_in, *dc_in, *dgates_in;
  const T *gates, *c_before, *c;
  const T* dh;  ///< from the step after
  T* dc;        ///< from the step after, then for the step before
  T* dz;
};

// In vectors.
void lstm_advance(const LstmStep<float>& s);
void lstm_advance(const LstmStep<double>& s);
void lstm_retreat(const LstmStepBack<float>& s);
void lstm_retreat(const LstmStepBack<double>& s);

}  // namespace taper::kernels
