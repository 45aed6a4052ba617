#include "autograd/gradcheck/sample_inputs.h"

#include <cmath>

#include "autograd/gradcheck/numeric.h"
#include "autograd/tensor/factories.h"

namespace taper {

tensor_list sample_inputs(const Sample& sample, Dtype floating, uint64_t seed) {
  gradcheck_detail::Random random(seed);
  tensor_list out;
  for (const SampleInput& input : sample.inputs) {
    bool any_floating = input.dtype == float64;
    Tensor x = empty(input.sizes, {.dtype = any_floating ? floating : input.dtype});
    dispatch(x.dtype(), [&](auto type) {
      using T = decltype(type);
      for (int64_t i = 0; i < x.numel(); ++i) {
        double v = input.lo + (input.hi - input.lo) * random.uniform();
        if constexpr (std::is_floating_point_v<T>)
          x.data_ptr<T>()[i] =
              T(std::min(float(v), std::nextafter(float(input.hi), float(input.lo))));
        else
          x.data_ptr<T>()[i] = T(int64_t(std::floor(v)));
      }
    });
    out.push_back(x.requires_grad_(any_floating && input.differentiable));
  }
  return out;
}

}  // namespace taper
