#include "autograd/kernels/norm.h"
#include "autograd/ops/checks.h"
#include "autograd/ops/norm.h"
#include "autograd/ops/reference.h"
#include "autograd/ops/sample.h"
#include "autograd/tensor/factories.h"

namespace taper::ops {

/// The gradient of a convolution's bias, from dy where it lies.
struct ChannelSum {
  static constexpr OpInfo info{.name = "channel_sum",
                               .formula = "y[c] = sum of x[:, c]",
                               .grad = "dx[n, c, ..] = dy[c]",
                               .doc = "Sum of each channel of x [N, C, ..]"};
  void infer(Inputs x, Specs& y) const {
    if (x[0].dim() < 2) fail(info.name, "input has shape {}; expected [N, C, ..]", x[0].sizes());
    check_floating(info, x[0].dtype());
    y.packed(0);
    y.fresh({x[0].size(1)}, x[0].dtype());
    y.choice = uint32_t(norm_block(x[0]));
  }
  void forward(Inputs x, Outputs y) const {
    kernels::NormPlanes p(x[0].sizes(), std::max<int64_t>(y.choice(), 1));
    kernels::channel_sum(p, memory_of(x[0], p), plain(y[0]));
  }
  Tensor dx(Dy dy, InShape<0> s) const {
    Shape wide(s.size(), 1);
    wide[1] = s[1];
    return dy.reshape(wide).expand(s);
  }
  static constexpr auto grads = rules(&ChannelSum::dx);

  Tensor reference(const tensor_list& x) const {
    Tensor y = zeros({x[0].size(1)}, {.dtype = float64});
    for_each_index(x[0].sizes(),
                   [&](const Shape& i) { element_of(y, {i[1]}) += element_at(x[0], i); });
    return y;
  }
  static std::vector<Sample> samples() {
    return {{{{{2, 3, 2, 5}}}, ChannelSum{}},
            {{{{4, 3}}}, ChannelSum{}},
            {{{{3, 1, 37}}}, ChannelSum{}},
            {{{{0, 2, 3}}}, ChannelSum{}}};
  }
};

}  // namespace taper::ops

#define FAMILY "autograd/ops/channel_sum.def"
#include "autograd/ops/define.h"
