#include "nn/data/data_sets.h"

namespace taper::data {

const DataSet& optdigits_files() {
  static const DataSet set{
      .name = "optdigits",
      .files = {{"optdigits.tra", 563639,
                 "f87ffe5149ece6d73cc08c296f180e695885849036c0b22a7973e74e3f35d3ee"},
                {"optdigits.tes", 264712,
                 "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"}},
      .address =
          "https://archive.ics.uci.edu/static/public/80/"
          "optical+recognition+of+handwritten+digits.zip",
      .substitute = {
          .package = "python3-sklearn",
          .path = "usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz",
          .what = "the 1,797 images of Debian's python3-sklearn, the first 1,347 for training and "
                  "the last 450 for testing",
          .parts = {{{"optdigits.tra", 198417,
                      "961523e4838e2680f7b4b3ab006c384b05d7521501bac4f1fb583089c6dacac9"},
                     0,
                     1347},
                    {{"optdigits.tes", 66295,
                      "94931c2aa84e9625aa4f520c9a1e92a623cf1edefa44bd7b598204355a03b09e"},
                     1347,
                     450}}}};
  return set;
}

}  // namespace taper::data
