#include <taper.h>

#include "bench/rows/rows.h"

using namespace taper;

namespace bench {

namespace {

struct Case {
  const char* name;
  int64_t batch, in, size, out, kernel, stride;
};

/// Changes the weight, so that nothing kept of it from the last call counts.
void touch(const Tensor& w) {
  NoGradGuard no_grad;
  w.view({-1})[0].add_(1e-6);
}

double forward_us(const Case& c) {
  NoGradGuard no_grad;
  Tensor x = rand({c.batch, c.in, c.size, c.size}), w = rand({c.out, c.in, c.kernel, c.kernel});
  ConvOptions options{.stride = c.stride, .padding = c.kernel / 2};
  return median_us([&] {
    touch(w);
    conv2d(x, w, {}, options).data_ptr();
  });
}

double both_us(const Case& c) {
  Tensor x = rand({c.batch, c.in, c.size, c.size}, {.requires_grad = true});
  Tensor w = rand({c.out, c.in, c.kernel, c.kernel}, {.requires_grad = true});
  ConvOptions options{.stride = c.stride, .padding = c.kernel / 2};
  Tensor dy = ones_like(conv2d(x, w, {}, options));
  return median_us([&] {
    touch(w);
    for (const Tensor& g : grad({conv2d(x, w, {}, options)}, {x, w}, {dy})) g.data_ptr();
  });
}

}  // namespace

std::vector<Row> convolution_rows() {
  std::vector<Row> rows;
  for (const Case& c :
       {Case{"64x32x32_3x3", 32, 64, 32, 64, 3, 1}, Case{"256x8x8_3x3", 32, 256, 8, 256, 3, 1},
        Case{"64to128_s2", 32, 64, 32, 128, 3, 2}, Case{"1to32_28", 64, 1, 28, 32, 3, 1},
        Case{"3to32_7x7_s2", 32, 3, 64, 32, 7, 2}, Case{"256x8x8_1x1", 32, 256, 8, 256, 1, 1}}) {
    std::string name = std::string("conv_") + c.name;
    rows.push_back({name + "_fwd", [c] { return forward_us(c); }});
    rows.push_back({name + "_fwd_bwd", [c] { return both_us(c); }});
  }
  return rows;
}

}  // namespace bench
