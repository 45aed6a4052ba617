#pragma once

#include "nn/data/fetch.h"

namespace taper::data {

/// UCI's handwritten digits (1998; E. Alpaydin, C. Kaynak; CC BY 4.0): optdigits.tra with 3,823
/// lines, optdigits.tes with 1,797; a line is 64 counts 0..16, an 8x8 image row by row, then its
/// class 0..9. In the substitute 1,347 and 450 lines, all of them from the official optdigits.tes.
const DataSet& optdigits_files();

}  // namespace taper::data
