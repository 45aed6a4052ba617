#include "tests/support/op_run.h"

#include "autograd/gradcheck/numeric.h"
#include "autograd/graph/engine.h"
#include "autograd/tensor/blocks.h"
#include "autograd/tensor/factories.h"

namespace taper::test {

using namespace gradcheck_detail;

Results run(const Sample::Function& f, const tensor_list& inputs) {
  Results out{f(inputs), {}};
  Random random(1);
  tensor_list y, dy, x;
  for (const Tensor& t : out.outputs) {
    if (!t.defined() || !t.is_floating_point()) continue;
    Tensor weights = random_weights(t.sizes(), random).detach();
    if (!t.requires_grad()) continue;
    y.push_back(t);
    dy.push_back(weights.to(t.dtype()));
  }
  for (const Tensor& t : inputs)
    if (t.requires_grad()) x.push_back(t);
  out.gradients =
      y.empty() || x.empty() ? tensor_list(x.size()) : grad(y, x, dy, {.allow_unused = true});
  return out;
}

/// A leaf with x's values on memory that make_storage gives.
template <class Make>
static Tensor placed(const Tensor& x, Make make_view) {
  Tensor y = make_view().detach();
  y.copy_(x.detach());
  return y.requires_grad_(x.requires_grad());
}

Tensor strided(const Tensor& x) {
  return placed(x, [&] {
    if (x.dim() == 0) return zeros({3}, {.dtype = x.dtype()})[1];
    if (x.dim() == 1)
      return zeros({x.numel() * 2 + 1}, {.dtype = x.dtype()}).slice(0, 1, x.numel() * 2 + 1, 2);
    Shape sizes(x.sizes()), dims(x.sizes());
    for (size_t d = 0; d < sizes.size(); ++d) {
      sizes[d] = x.sizes()[sizes.size() - 1 - d];
      dims[d] = x.dim() - 1 - int64_t(d);
    }
    sizes[0] += 1;
    return zeros(sizes, {.dtype = x.dtype()}).narrow(0, 1, sizes[0] - 1).permute(dims);
  });
}

Tensor lying_in_blocks(const Tensor& x) {
  if (x.dim() < 2 || x.size(1) == 0) return x;
  return copied_to_blocks(x.detach().contiguous(), x.size(1)).requires_grad_(x.requires_grad());
}

Tensor expanded(const Tensor& x, bool last) {
  for (int64_t n = 0; n < x.dim(); ++n) {
    int64_t d = last ? x.dim() - 1 - n : n;
    if (x.size(d) > 1)
      return x.detach().narrow(d, 0, 1).expand(x.sizes()).requires_grad_(x.requires_grad());
  }
  return x;
}

tensor_list copies(const tensor_list& inputs) {
  tensor_list out;
  for (const Tensor& x : inputs)
    out.push_back(x.detach().clone().requires_grad_(x.requires_grad()));
  return out;
}

}  // namespace taper::test
