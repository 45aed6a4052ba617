#include "autograd/ops/by_parts.h"

#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"

namespace taper::ops {

/// x with an edge of its own, so that what another input owes to x is not counted.
static Tensor apart(const Tensor& x, bool record) {
  if (record && x.requires_grad()) return x.view(x.sizes());
  return x.detach().requires_grad_();
}

tensor_list gradients_by_parts(const Wanted& wanted,
                               const std::function<tensor_list(const tensor_list&)>& f,
                               const tensor_list& x, const tensor_list& dy) {
  bool record = GradMode::is_enabled();
  EnableGradGuard grad_enabled;
  tensor_list at = x, targets, ys, dys, out(x.size());
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i].defined() && wanted[int(i)]) targets.push_back(at[i] = apart(x[i], record));
  tensor_list y = f(at);
  for (size_t k = 0; k < y.size(); ++k) {
    if (!y[k].defined() || !y[k].requires_grad() || !dy[k].defined()) continue;
    ys.push_back(y[k]);
    dys.push_back(dy[k]);
  }
  if (ys.empty() || targets.empty()) return out;
  tensor_list dx = grad(ys, targets, dys, {.create_graph = record, .allow_unused = true});
  for (size_t i = 0, n = 0; i < x.size(); ++i)
    if (x[i].defined() && wanted[int(i)]) out[i] = dx[n++];
  return out;
}

}  // namespace taper::ops
